// SPDX-License-Identifier: Apache-2.0
// The device's address, MTU and routes, set through rtnetlink by libmnl. Only the kernel answers.
// Every call is idempotent: what is already so stays so. Thread: main.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/address.h"
#include "base/result.h"
#include "config/config.h"

namespace covfefe::tun_helper {

struct DevicePlan {
  std::string name;
  Address address;                      // overlay address, set as /128
  std::uint32_t mtu = 1'280;            // IPv6's least: what fits into one L cell
  std::vector<config::Prefix> exclude;  // tun.exclude: routed elsewhere
};

[[nodiscard]] SysResult<void> configure_device(const DevicePlan& plan);
// MTU, no automatic addresses (addrgenmode none), the address (nodad, noprefixroute), up, the route
// fd00::/8 with the address as source, and a throw route for each excluded prefix (A9, A14). An
// overlay address of an earlier identity on this device is removed.

[[nodiscard]] SysResult<bool> carries_overlay_address(const DevicePlan& plan);
// The device is there and has an address of fd00::/8: an earlier helper made it, perhaps for an
// earlier identity.

[[nodiscard]] SysResult<void> remove_device(const DevicePlan& plan);
// Deletes the device with its address and route, and the throw routes. Nothing there is success;
// EINVAL if a device of that name is no TUN device, EPERM if it has no overlay address.

}  // namespace covfefe::tun_helper
