// SPDX-License-Identifier: Apache-2.0
#include "os/notify.h"

#include <sys/socket.h>
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

}  // namespace

SysResult<Notifier> Notifier::from_environment() {
  Notifier notifier;
  notifier.watchdog_ = watchdog_from_environment();
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return notifier;

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(path);
  if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
    return SysError{"NOTIFY_SOCKET", path, EINVAL};
  }
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';
  // An abstract name is exactly as long as it says; a path ends with its NUL.
  const std::size_t bytes =
      offsetof(sockaddr_un, sun_path) + length + (path[0] == '@' ? std::size_t{0} : 1);
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return last_error("socket", path);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address),
                static_cast<socklen_t>(bytes)) != 0) {
    return last_error("connect", path);
  }
  notifier.socket_ = std::move(socket);
  ::unsetenv("NOTIFY_SOCKET");
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
  // The result is unused on purpose: see the header.
  [[maybe_unused]] const ssize_t n = ::write(socket_.number(), message.data(), message.size());
}

}  // namespace covfefe::os
