// SPDX-License-Identifier: Apache-2.0
// The TUN device: layer 3, no packet information header, one queue. The helper creates it, the
// router reads and writes packets; what it reads comes from local applications and is not trusted.
// Reading and writing take spans, so that a virtio header (offloads) fits in without a new
// interface.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

inline constexpr std::size_t kTunBatch = 64;
inline constexpr std::size_t kTunSlotBytes = 2'048;  // device MTU is 1,280

[[nodiscard]] SysResult<Fd> attach_tun(const std::string& name);
// Creates the device or attaches to the persistent one of that name; non-blocking. Name 1..15 bytes
// without '/', '%' or space, else EINVAL. EBUSY while another process holds it (A9); EINVAL if it
// exists as another kind. Needs CAP_NET_ADMIN.

enum class TunLife : std::uint8_t { WithDescriptor, Persistent };
[[nodiscard]] SysResult<void> set_tun_life(const Fd& tun, TunLife life);

struct TunCounters {
  std::uint64_t packets_read = 0;
  std::uint64_t packets_written = 0;
  std::uint64_t oversize = 0;     // read, but longer than a slot: dropped
  std::uint64_t write_drops = 0;  // refused by the kernel: queue full, device down, malformed
};

class TunDevice {
 public:
  explicit TunDevice(Fd tun);
  // Allocates all buffers (128 KiB); read and write allocate nothing. Thread: data.
  TunDevice(TunDevice&&) noexcept;
  TunDevice& operator=(TunDevice&&) noexcept;
  ~TunDevice();

  [[nodiscard]] SysResult<std::span<const ByteView>> read();
  // Up to kTunBatch packets until there are no more; empty when none waits. The views hold until
  // the next read. EBADFD (or any other error): the device is gone; drop this object.
  void write(std::span<const ByteView> packets);
  // Whole IP packets, in order; one that the kernel refuses is dropped and counted.
  [[nodiscard]] const Fd& fd() const { return tun_; }
  [[nodiscard]] const TunCounters& counters() const { return counters_; }

 private:
  struct Buffers;
  Fd tun_;
  std::unique_ptr<Buffers> buffers_;
  TunCounters counters_;
};

}  // namespace covfefe::os
