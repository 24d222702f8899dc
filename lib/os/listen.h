// SPDX-License-Identifier: Apache-2.0
// Unix sockets, and sockets inherited by the LISTEN_FDS protocol of sd_listen_fds(3). The launcher
// makes every listening socket; a service only takes them by name. Thread: any, before confine
// except accept_unix and connect_unix.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/fd.h"
#include "os/files.h"

namespace covfefe::os {

struct NamedFd {
  std::string name;
  Fd fd;
};

class InheritedFds {
 public:
  static SysResult<InheritedFds> from_environment();
  // Descriptors 3, 4, … named by LISTEN_FDNAMES when LISTEN_PID is this process; each is made
  // non-blocking and close-on-exec, and the three variables are removed. Without the variables: an
  // empty set. EPROTO when they contradict each other, EBADF or ENOTSOCK when a descriptor is none.
  // Call once.

  InheritedFds() = default;
  explicit InheritedFds(std::vector<NamedFd> all) : all_(std::move(all)) {}

  [[nodiscard]] SysResult<Fd> take(std::string_view name);
  // The descriptor of that name (FileDescriptorName= without ".sock"); ENOENT if there is none.
  // Two of one name are taken in the order in which they came.
  [[nodiscard]] bool empty() const { return all_.empty(); }

 private:
  std::vector<NamedFd> all_;
};

enum class UnixKind : std::uint8_t { Stream, SeqPacket };

struct UnixListener {
  std::string path;  // at most 107 bytes, else ENAMETOOLONG
  UnixKind kind = UnixKind::Stream;
  FileTraits traits{};  // of the socket file; set before the first connect can succeed
};

[[nodiscard]] SysResult<Fd> listen_unix(const UnixListener& listener);
// Replaces a stale socket file of that name; anything else there is EEXIST. Non-blocking.

[[nodiscard]] SysResult<Fd> connect_unix(const std::string& path, UnixKind kind);
// Non-blocking socket; ENOENT or ECONNREFUSED when nobody listens, EAGAIN when the backlog is full.

[[nodiscard]] SysResult<Fd> accept_unix(const Fd& listener);
// Non-blocking, close-on-exec; EAGAIN when nobody waits.

}  // namespace covfefe::os
