// SPDX-License-Identifier: Apache-2.0
// The one message that ever goes over router.tun, from the helper to the router: the descriptor of
// the TUN device and 32 bytes, little-endian:
//   0  magic 8   "cvtunfd1"
//   8  version 4 1
//   12 mtu 4     bytes, as set on the device
//   16 name 16   of the device, NUL-padded, at least one NUL
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

inline constexpr std::size_t kTunHandoverBytes = 32;

struct TunHandover {
  Fd tun;
  std::string name;  // 1..15 bytes
  std::uint32_t mtu = 0;
};

[[nodiscard]] SysResult<void> hand_over_tun(const Fd& socket, const Fd& tun,
                                            const std::string& name, std::uint32_t mtu);
// The descriptor stays open here too. Errors as send_fds.

[[nodiscard]] SysResult<TunHandover> receive_tun(const Fd& socket);
// Errors as receive_fds; EPROTO also for bytes that are not as above.

}  // namespace covfefe::os
