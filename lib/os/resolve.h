// SPDX-License-Identifier: Apache-2.0
// Names and interfaces of the host, for the operator's tool only: these open files and sockets and
// so have no place in a jail.
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace covfefe::os {

[[nodiscard]] SysResult<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port);
// Numeric addresses at once, names through the system's resolver (which may take seconds). At most
// eight, IPv4 mapped. EHOSTUNREACH when the name has no address.

[[nodiscard]] SysResult<std::vector<Address>> global_addresses();
// Of all interfaces that are up: neither loopback, link-local nor overlay (fd00::/8 on a TUN is
// overlay, so all of fd00::/8 is left out). IPv4 mapped, IPv6 first.

[[nodiscard]] std::string host_name();
// The first label, or empty.

}  // namespace covfefe::os
