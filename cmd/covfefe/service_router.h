// SPDX-License-Identifier: Apache-2.0
// What the files that ask the router share.
#pragma once

#include <schema/router.capnp.h>

#include "rpc/convert.h"
#include "service_calls.h"

namespace covfefe::cli {

[[nodiscard]] inline Address address_from(capnp::Data::Reader data) {
  Address out;
  if (data.size() == out.bytes.size()) copy(rpc::as_view(data), out.bytes);
  return out;
}

[[nodiscard]] inline RelayedView relayed_view(schema::Relayed::Reader from) {
  return {said(from.getPetname()), from.getCircuits(), from.getCells(),
          from.getOnionFaults(),   from.getBuilds(),   from.getRefused()};
}

}  // namespace covfefe::cli
