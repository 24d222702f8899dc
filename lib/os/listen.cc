// SPDX-License-Identifier: Apache-2.0
#include "os/listen.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace covfefe::os {
namespace {

constexpr int kFirstInherited = 3;  // SD_LISTEN_FDS_START
constexpr int kMostInherited = 64;  // far above what any service is given
constexpr int kBacklog = 16;

std::optional<int> number_in(const char* text) {
  int value = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error != std::errc() || stop != end || value < 0) return std::nullopt;
  return value;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  for (;;) {
    const std::size_t colon = text.find(':');
    names.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return names;
    text.remove_prefix(colon + 1);
  }
}

struct UnixAddress {
  sockaddr_un name{};
  socklen_t length = 0;
};

SysResult<UnixAddress> unix_address(const std::string& path) {
  UnixAddress address;
  if (path.empty() || path.size() >= sizeof address.name.sun_path ||
      path.find('\0') != std::string::npos) {
    return SysError{"socket address", path, ENAMETOOLONG};
  }
  address.name.sun_family = AF_UNIX;
  std::memcpy(address.name.sun_path, path.data(), path.size());
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

SysResult<Fd> unix_socket(UnixKind kind, const std::string& path) {
  const int type = kind == UnixKind::Stream ? SOCK_STREAM : SOCK_SEQPACKET;
  Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return last_error("socket", path);
  return socket;
}

SysResult<void> remove_stale(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return last_error("lstat", path);
  }
  if (!S_ISSOCK(status.st_mode)) return SysError{"bind", path, EEXIST};
  if (::unlink(path.c_str()) != 0) return last_error("unlink", path);
  return {};
}

SysResult<void> prepare(const Fd& inherited) {
  // A number that was not passed may be a file that this process has opened since.
  int type = 0;
  socklen_t length = sizeof type;
  if (::getsockopt(inherited.number(), SOL_SOCKET, SO_TYPE, &type, &length) != 0) {
    return last_error("inherited socket", std::to_string(inherited.number()));
  }
  if (auto set = set_close_on_exec(inherited); !set) return set;
  return set_nonblocking(inherited);
}

SysResult<void> apply_traits(const std::string& path, const FileTraits& traits) {
  if (::lchown(path.c_str(), traits.owner.uid, traits.owner.gid) != 0) {
    return last_error("lchown", path);
  }
  if (::chmod(path.c_str(), traits.mode) != 0) return last_error("chmod", path);
  return {};
}

}  // namespace

SysResult<InheritedFds> InheritedFds::from_environment() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* count_text = std::getenv("LISTEN_FDS");
  const char* names_text = std::getenv("LISTEN_FDNAMES");
  if (pid == nullptr || count_text == nullptr) return InheritedFds();
  // Meant for another process that exec'ed us without cleaning up.
  if (number_in(pid) != std::optional<int>(::getpid())) return InheritedFds();

  const std::optional<int> count = number_in(count_text);
  const std::vector<std::string> names = split_names(names_text == nullptr ? "" : names_text);
  if (!count || *count > kMostInherited ||
      (*count > 0 && names.size() != static_cast<std::size_t>(*count))) {
    return SysError{"LISTEN_FDS", count_text, EPROTO};
  }
  std::vector<NamedFd> all;
  for (int i = 0; i < *count; ++i) {
    Fd fd(kFirstInherited + i);
    if (auto set = prepare(fd); !set) {
      (void)fd.release();
      return set.error();
    }
    all.push_back({names[static_cast<std::size_t>(i)], std::move(fd)});
  }
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_FDNAMES");
  return InheritedFds(std::move(all));
}

SysResult<Fd> InheritedFds::take(std::string_view name) {
  for (auto it = all_.begin(); it != all_.end(); ++it) {
    if (it->name != name) continue;
    Fd fd = std::move(it->fd);
    all_.erase(it);
    return fd;
  }
  return SysError{"inherited socket", std::string(name), ENOENT};
}

SysResult<Fd> listen_unix(const UnixListener& listener) {
  SysResult<UnixAddress> address = unix_address(listener.path);
  if (!address) return address.error();
  SysResult<Fd> socket = unix_socket(listener.kind, listener.path);
  if (!socket) return socket;
  if (auto removed = remove_stale(listener.path); !removed) return removed.error();
  const auto* name = reinterpret_cast<const sockaddr*>(&address->name);
  if (::bind(socket->number(), name, address->length) != 0) {
    return last_error("bind", listener.path);
  }
  // Nobody can connect before listen(), so the window between bind and chmod is harmless.
  if (auto applied = apply_traits(listener.path, listener.traits); !applied) {
    return applied.error();
  }
  if (::listen(socket->number(), kBacklog) != 0) return last_error("listen", listener.path);
  return socket;
}

SysResult<Fd> connect_unix(const std::string& path, UnixKind kind) {
  SysResult<UnixAddress> address = unix_address(path);
  if (!address) return address.error();
  SysResult<Fd> socket = unix_socket(kind, path);
  if (!socket) return socket;
  const auto* name = reinterpret_cast<const sockaddr*>(&address->name);
  if (::connect(socket->number(), name, address->length) != 0) return last_error("connect", path);
  return socket;
}

SysResult<Fd> accept_unix(const Fd& listener) {
  Fd peer(::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!peer.valid()) return last_error("accept", "unix socket");
  return peer;
}

}  // namespace covfefe::os
