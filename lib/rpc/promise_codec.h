// SPDX-License-Identifier: Apache-2.0
// The promises among the control messages (Steps K2 and P1 to P14, covfefe-protocol(7)): values to
// builders, readers to checked values. Only for control_codec.cc, which holds the framing and the
// limits; a reader may throw what KJ throws.
#pragma once

#include <schema/control.capnp.h>

#include "rpc/convert.h"
#include "wire/control.h"

namespace covfefe::rpc {

void write(const wire::Need& from, schema::Control::Builder to);
void write(const wire::Ack& from, schema::Control::Builder to);
void write(const wire::Nak& from, schema::Control::Builder to);
void write(const wire::Extend& from, schema::Control::Builder to);
void write(const wire::Release& from, schema::Control::Builder to);
void write(const wire::OnlineUntil& from, schema::Control::Builder to);
void write(const wire::Leaving& from, schema::Control::Builder to);
void write(const wire::Please& from, schema::Control::Builder to);

[[nodiscard]] Result<wire::Control> read(schema::Control::Need::Reader from);
[[nodiscard]] Result<wire::Control> read(schema::Control::Ack::Reader from);
[[nodiscard]] Result<wire::Control> read(schema::Control::Nak::Reader from);
[[nodiscard]] Result<wire::Control> read(schema::Control::Extend::Reader from);
[[nodiscard]] Result<wire::Control> read(schema::Control::Release::Reader from);
[[nodiscard]] Result<wire::Control> read_online_until(schema::Control::Announcement::Reader from);
[[nodiscard]] Result<wire::Control> read_leaving(schema::Control::Announcement::Reader from);
[[nodiscard]] Result<wire::Control> read(schema::Control::Please::Reader from);

}  // namespace covfefe::rpc
