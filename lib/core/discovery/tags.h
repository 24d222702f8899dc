// SPDX-License-Identifier: Apache-2.0
// The names that an introducer makes of what it knows (Steps D4 and D6, covfefe-protocol(7)).
#pragma once

#include "base/address.h"
#include "core/discovery/path.h"

namespace covfefe::core {

[[nodiscard]] DisjointnessTag disjointness_tag(const StaticKey& node, std::uint32_t epoch);
// node: the X25519 key that its friends know it by.

[[nodiscard]] ByteArray<16> service_tag(const Address& node, std::uint32_t epoch,
                                        const wire::Handle& handle);

}  // namespace covfefe::core
