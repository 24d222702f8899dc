// SPDX-License-Identifier: Apache-2.0
#include "os/tun_handover.h"

#include <linux/if.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "os/fdpass.h"

namespace covfefe::os {
namespace {

constexpr std::string_view kMagic = "cvtunfd1";
constexpr std::uint32_t kVersion = 1;

}  // namespace

SysResult<void> hand_over_tun(const Fd& socket, const Fd& tun, const std::string& name,
                              std::uint32_t mtu) {
  if (name.empty() || name.size() >= IFNAMSIZ) {
    return SysError{"hand over", name, EINVAL};
  }
  ByteArray<kTunHandoverBytes> bytes{};
  Writer out(bytes);
  out.bytes(bytes_of(kMagic));
  out.le<std::uint32_t>(kVersion);
  out.le<std::uint32_t>(mtu);
  out.bytes(bytes_of(name));
  return send_fds(socket, std::array<int, 1>{tun.number()}, bytes);
}

SysResult<TunHandover> receive_tun(const Fd& socket) {
  SysResult<PassedFds> passed = receive_fds(socket, {.fds = 1, .bytes = kTunHandoverBytes});
  if (!passed) return passed.error();
  Reader in(passed->payload);
  const bool magic = text_of(in.take(kMagic.size())) == kMagic;
  const auto version = in.le<std::uint32_t>();
  const auto mtu = in.le<std::uint32_t>();
  const std::string_view name = text_of(in.take(IFNAMSIZ));
  const std::size_t length = std::min(name.find('\0'), name.size());
  const bool padded = name.find_first_not_of('\0', length) == std::string_view::npos;
  if (!magic || version != kVersion || length == 0 || length == name.size() || !padded) {
    return SysError{"TUN hand-over", "router.tun", EPROTO};
  }
  return TunHandover{std::move(passed->fds.front()), std::string(name.substr(0, length)), mtu};
}

}  // namespace covfefe::os
