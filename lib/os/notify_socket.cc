// SPDX-License-Identifier: Apache-2.0
#include "os/notify_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace covfefe::os {

SysResult<Fd> bind_datagram(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) return SysError{"bind", path, ENAMETOOLONG};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return last_error("socket", path);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return last_error("unlink", path);
  // Nobody else may connect in the moment between bind and chmod.
  const mode_t before = umask(0177);
  const int bound = bind(fd.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  umask(before);
  if (bound != 0) return last_error("bind", path);
  return fd;
}

std::optional<std::string> receive_datagram(const Fd& socket) {
  std::array<char, 4096> text{};
  const ssize_t got = recv(socket.number(), text.data(), text.size(), MSG_DONTWAIT);
  if (got < 0) return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(got));
}

}  // namespace covfefe::os
