// SPDX-License-Identifier: Apache-2.0
// Messages as a process may lay them out that does not keep to the contract: a pointer leads to
// something of another kind. Whoever reads it as what the contract says gets an exception.
#pragma once

#include <capnp/any.h>
#include <schema/common.capnp.h>

namespace covfefe::test {

// Where bytes, a text or a list belong.
template <typename Builder>
void put_struct(Builder record, capnp::uint pointer) {
  auto all = capnp::toAny(record).getPointerSection();
  all[pointer].template initAs<schema::Endpoint>().setPort(1);
}

// Where a struct belongs.
template <typename Builder>
void put_bytes(Builder record, capnp::uint pointer) {
  auto all = capnp::toAny(record).getPointerSection();
  all[pointer].template initAs<capnp::Data>(9);
}

}  // namespace covfefe::test
