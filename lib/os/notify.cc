// SPDX-License-Identifier: Apache-2.0
#include "os/notify.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace covfefe::os {
namespace {

Duration watchdog_from_environment() {
  const char* text = std::getenv("WATCHDOG_USEC");
  const char* pid = std::getenv("WATCHDOG_PID");
  if (text == nullptr) return {};
  if (pid != nullptr && pid != std::to_string(::getpid())) return {};
  std::int64_t micros = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), micros);
  if (error != std::errc() || *end != '\0' || micros < 0) return {};
  return Duration::micros(std::min<std::int64_t>(micros, 3'600'000'000));
}

struct Supervisor {
  sockaddr_un name{};
  socklen_t length = 0;
};

SysResult<Supervisor> supervisor_at(const std::string& path) {
  Supervisor out;
  out.name.sun_family = AF_UNIX;
  const bool abstract = path.starts_with('@');
  if (path.size() < 2 || path.size() >= sizeof out.name.sun_path ||
      !(abstract || path.starts_with('/'))) {
    return SysError{"NOTIFY_SOCKET", path, EINVAL};
  }
  std::memcpy(out.name.sun_path, path.data(), path.size());
  if (abstract) out.name.sun_path[0] = '\0';
  // An abstract name is exactly as long as it says; a path ends with its NUL.
  out.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() +
                                      (abstract ? std::size_t{0} : 1));
  return out;
}

SysResult<Fd> connect_to(const Supervisor& supervisor, const std::string& path) {
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return last_error("socket", path);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&supervisor.name),
                supervisor.length) != 0) {
    return last_error("connect", path);
  }
  return socket;
}

std::string take_path() {
  const char* path = std::getenv("NOTIFY_SOCKET");
  std::string out = path == nullptr ? "" : path;
  ::unsetenv("NOTIFY_SOCKET");
  return out;
}

}  // namespace

SysResult<Notifier> Notifier::from_environment() {
  Notifier notifier;
  notifier.watchdog_ = watchdog_from_environment();
  const std::string path = take_path();
  if (path.empty()) return notifier;
  auto supervisor = supervisor_at(path);
  if (!supervisor) return supervisor.error();
  auto socket = connect_to(*supervisor, path);
  if (!socket) return socket.error();
  notifier.socket_ = std::move(*socket);
  return notifier;
}

SysResult<Notifier> Notifier::through(Fd inherited) {
  Notifier notifier;
  notifier.watchdog_ = watchdog_from_environment();
  notifier.to_ = take_path();
  if (notifier.to_.empty()) return notifier;
  if (auto supervisor = supervisor_at(notifier.to_); !supervisor) return supervisor.error();
  notifier.socket_ = std::move(inherited);
  return notifier;
}

bool restarts_are_blind() {
  return std::getenv("INVOCATION_ID") != nullptr;
}

void rest_before_end() {
  if (!restarts_are_blind()) return;
  const timespec rest{kRest.nanoseconds / 1'000'000'000, 0};
  ::nanosleep(&rest, nullptr);
}

void Notifier::ready() {
  send("READY=1");
}
void Notifier::stopping() {
  send("STOPPING=1");
}
void Notifier::alive() {
  send("WATCHDOG=1");
}

void Notifier::status(std::string_view sentence) {
  std::string message = "STATUS=";
  message += sentence;
  std::replace(message.begin(), message.end(), '\n', ' ');
  send(message);
}

void Notifier::send(std::string_view message) {
  if (!socket_.valid()) return;
  // The results are unused on purpose: see the header.
  if (to_.empty()) {
    [[maybe_unused]] const ssize_t n = ::write(socket_.number(), message.data(), message.size());
    return;
  }
  auto supervisor = supervisor_at(to_);
  if (!supervisor) return;
  iovec text{const_cast<char*>(message.data()), message.size()};
  msghdr envelope{};
  envelope.msg_name = &supervisor->name;
  envelope.msg_namelen = supervisor->length;
  envelope.msg_iov = &text;
  envelope.msg_iovlen = 1;
  [[maybe_unused]] const ssize_t n =
      ::sendmsg(socket_.number(), &envelope, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace covfefe::os
