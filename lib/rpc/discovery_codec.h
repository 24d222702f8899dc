// SPDX-License-Identifier: Apache-2.0
// The discovery messages of the control codec (Steps K2 and D1 to D12, covfefe-protocol(7)): values
// to builders, readers to checked values. Only for control_codec.cc, which holds the framing and
// the limits; a reader may throw what KJ throws.
#pragma once

#include <schema/control.capnp.h>

#include "rpc/convert.h"
#include "wire/control.h"

namespace covfefe::rpc {

void write(const wire::Offer& from, schema::Control::Builder to);
void write(const wire::DescriptorsGet& from, schema::Control::Builder to);
void write(const wire::Descriptors& from, schema::Control::Builder to);
void write(const wire::DescriptorsChanged& from, schema::Control::Builder to);
void write(const wire::NameAsk& from, schema::Control::Builder to);
void write(const wire::NameAnswer& from, schema::Control::Builder to);

[[nodiscard]] Result<wire::Control> read(schema::Control::Offer::Reader from);
[[nodiscard]] Result<wire::Control> read(schema::Control::DescriptorsGet::Reader from);
[[nodiscard]] Result<wire::Control> read(schema::Control::Descriptors::Reader from);
[[nodiscard]] Result<wire::Control> read(schema::Control::DescriptorsChanged::Reader from);
[[nodiscard]] Result<wire::Control> read(schema::Control::NameAsk::Reader from);
[[nodiscard]] Result<wire::Control> read(schema::Control::NameAnswer::Reader from);

template <std::size_t N>
[[nodiscard]] bool take(capnp::Data::Reader from, ByteArray<N>& into) {
  if (from.size() != N) return false;
  copy(as_view(from), into);
  return true;
}
// False, and nothing is copied: not exactly N bytes.

}  // namespace covfefe::rpc
