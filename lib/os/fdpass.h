// SPDX-License-Identifier: Apache-2.0
// File descriptors between processes: one SOCK_SEQPACKET message carries exactly the stated number
// of descriptors and exactly the stated number of bytes. The receiver trusts nothing: any other
// shape closes everything that came and is an error. Thread: any.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

inline constexpr std::size_t kMaxPassedFds = 8;
inline constexpr std::size_t kMaxPassedBytes = 256;

[[nodiscard]] SysResult<void> send_fds(const Fd& socket, std::span<const int> fds,
                                       ByteView payload);
// One message with 0..kMaxPassedFds descriptors (which stay open here) and 1..kMaxPassedBytes
// bytes. Never blocks (EAGAIN) and never raises SIGPIPE (EPIPE).

struct MessageShape {
  std::size_t fds = 0;    // exactly so many descriptors
  std::size_t bytes = 0;  // exactly so many bytes
};

struct PassedFds {
  std::vector<Fd> fds;                // close-on-exec
  std::vector<std::uint8_t> payload;  // shape.bytes
};

[[nodiscard]] SysResult<PassedFds> receive_fds(const Fd& socket, MessageShape shape);
// One message of exactly this shape. Errors: EAGAIN nothing there yet (never blocks); EPIPE the
// other side hung up; EPROTO another shape or a truncated message (MSG_TRUNC, MSG_CTRUNC): what
// came with it is closed and the connection must be dropped.

}  // namespace covfefe::os
