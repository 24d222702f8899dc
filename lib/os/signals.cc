// SPDX-License-Identifier: Apache-2.0
#include "os/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace covfefe::os {

SysResult<Fd> watch_signals(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    return SysError{"pthread_sigmask", "", error};
  }
  Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return last_error("signalfd", "");
  return fd;
}

std::optional<int> read_signal(const Fd& watched) {
  signalfd_siginfo info{};
  const ssize_t n = ::read(watched.number(), &info, sizeof info);
  if (n != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

SysResult<void> ignore_broken_pipes() {
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return last_error("signal", "SIGPIPE");
  return {};
}

}  // namespace covfefe::os
