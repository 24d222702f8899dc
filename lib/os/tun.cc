// SPDX-License-Identifier: Apache-2.0
#include "os/tun.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace covfefe::os {
namespace {

bool is_device_name(const std::string& name) {
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
         name.find_first_of("/:% \t\n") == std::string::npos &&
         name.find('\0') == std::string::npos;
}

}  // namespace

SysResult<Fd> attach_tun(const std::string& name) {
  if (!is_device_name(name)) return SysError{"TUNSETIFF", name, EINVAL};
  Fd tun(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tun.valid()) return last_error("open", "/dev/net/tun");
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(tun.number(), TUNSETIFF, &request) != 0) return last_error("TUNSETIFF", name);
  return tun;
}

SysResult<void> set_tun_life(const Fd& tun, TunLife life) {
  const unsigned long persistent = life == TunLife::Persistent ? 1 : 0;
  if (::ioctl(tun.number(), TUNSETPERSIST, persistent) != 0) {
    return last_error("TUNSETPERSIST", std::to_string(persistent));
  }
  return {};
}

struct TunDevice::Buffers {
  std::array<std::array<std::uint8_t, kTunSlotBytes>, kTunBatch> bytes;
  std::array<ByteView, kTunBatch> packets;
};

TunDevice::TunDevice(Fd tun) : tun_(std::move(tun)), buffers_(std::make_unique<Buffers>()) {}
TunDevice::TunDevice(TunDevice&&) noexcept = default;
TunDevice& TunDevice::operator=(TunDevice&&) noexcept = default;
TunDevice::~TunDevice() = default;

SysResult<std::span<const ByteView>> TunDevice::read() {
  Buffers& b = *buffers_;
  std::size_t kept = 0;
  while (kept < kTunBatch) {
    const ssize_t n = ::read(tun_.number(), b.bytes[kept].data(), kTunSlotBytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || kept > 0)) break;
    if (n < 0) return last_error("read", "TUN device");
    // The kernel cuts a longer packet to the buffer without a word.
    if (n == 0 || static_cast<std::size_t>(n) == kTunSlotBytes) {
      ++counters_.oversize;
      if (n == 0) break;
      continue;
    }
    b.packets[kept] = ByteView(b.bytes[kept]).first(static_cast<std::size_t>(n));
    ++kept;
  }
  counters_.packets_read += kept;
  return std::span<const ByteView>(b.packets).first(kept);
}

void TunDevice::write(std::span<const ByteView> packets) {
  for (const ByteView packet : packets) {
    const ssize_t n = ::write(tun_.number(), packet.data(), packet.size());
    if (n == static_cast<ssize_t>(packet.size())) {
      ++counters_.packets_written;
    } else {
      ++counters_.write_drops;
    }
  }
}

}  // namespace covfefe::os
