// SPDX-License-Identifier: Apache-2.0
#include "os/log_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/bytes.h"
#include "os/fd.h"

namespace covfefe::os {
namespace {

constexpr std::size_t kLongestLine = 2'048;

std::string_view prefix_of(Level level) {
  switch (level) {
    case Level::Error:
      return "<3>";
    case Level::Warning:
      return "<4>";
    case Level::Notice:
      return "<5>";
    case Level::Info:
      return "<6>";
    case Level::Debug:
      return "<7>";
  }
  return "<3>";
}

mode_t kind_of_stderr() {
  struct stat facts {};
  return ::fstat(STDERR_FILENO, &facts) == 0 ? facts.st_mode & S_IFMT : 0;
}

void never_wait_on_socket() {
  const int flags = ::fcntl(STDERR_FILENO, F_GETFL);
  if (flags >= 0) ::fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
}

}  // namespace

void never_wait_for_log() {
  (void)std::signal(SIGPIPE, SIG_IGN);
  const mode_t kind = kind_of_stderr();
  if (kind == S_IFSOCK) never_wait_on_socket();
  if (kind != S_IFIFO && kind != S_IFCHR) return;
  const Fd own(::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (own.valid()) ::dup2(own.number(), STDERR_FILENO);
}

StderrLog::StderrLog(std::string service, Level most_detailed)
    : service_(std::move(service)), most_detailed_(most_detailed) {}

void StderrLog::write(Level level, std::string_view line) {
  if (level > most_detailed_) return;
  std::array<std::uint8_t, kLongestLine> text{};
  Writer out(text);
  out.bytes(bytes_of(prefix_of(level)));
  out.bytes(bytes_of(service_));
  out.bytes(bytes_of(" "));
  // Room for the newline stays, so that a long line is cut and never joined with the next.
  const std::size_t room = out.room() > 0 ? out.room() - 1 : 0;
  out.bytes(bytes_of(line.substr(0, std::min(line.size(), room))));
  out.bytes(bytes_of("\n"));
  [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, text.data(), out.written());
}

}  // namespace covfefe::os
