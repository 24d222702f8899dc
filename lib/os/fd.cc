// SPDX-License-Identifier: Apache-2.0
#include "os/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace covfefe::os {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void Fd::reset() {
  // Linux frees the number even when close() fails, EINTR included: never close twice.
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

SysError last_error(const char* operation, std::string object) {
  return SysError{operation, std::move(object), errno};
}

SysResult<void> close_checked(Fd fd, const std::string& object) {
  if (::close(fd.release()) != 0 && errno != EINTR) return last_error("close", object);
  return {};
}

SysResult<Fd> duplicate(const Fd& fd) {
  const int number = ::fcntl(fd.number(), F_DUPFD_CLOEXEC, 0);
  if (number < 0) return last_error("fcntl(F_DUPFD_CLOEXEC)", std::to_string(fd.number()));
  return Fd(number);
}

SysResult<Fd> move_to_or_above(Fd fd, int lowest) {
  const int number = ::fcntl(fd.number(), F_DUPFD_CLOEXEC, lowest);
  if (number < 0) return last_error("fcntl(F_DUPFD_CLOEXEC)", std::to_string(lowest));
  return Fd(number);
}

SysResult<void> set_nonblocking(const Fd& fd) {
  const int flags = ::fcntl(fd.number(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.number(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return last_error("fcntl(F_SETFL)", std::to_string(fd.number()));
  }
  return {};
}

SysResult<void> set_close_on_exec(const Fd& fd) {
  if (::fcntl(fd.number(), F_SETFD, FD_CLOEXEC) != 0) {
    return last_error("fcntl(F_SETFD)", std::to_string(fd.number()));
  }
  return {};
}

}  // namespace covfefe::os
