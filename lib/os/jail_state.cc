// SPDX-License-Identifier: Apache-2.0
#include "os/jail_state.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace covfefe::os {
namespace {

constexpr std::size_t kStatusBytes = 8'192;  // about 1.5 KiB today

std::string_view value_of(std::string_view text, std::string_view key) {
  // Keys stand at the start of a line: "Uid:\t1000\t1000\t1000\t1000". The first line is the
  // process's own name, which may contain anything but a line break.
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    if (line.starts_with(":\t")) return line.substr(2);
  }
  return {};
}

template <typename Integer>
std::optional<Integer> field_of(std::string_view value, std::size_t column, int base) {
  for (; column > 0; --column) {
    const std::size_t tab = value.find('\t');
    if (tab == std::string_view::npos) return std::nullopt;
    value.remove_prefix(tab + 1);
  }
  value = value.substr(0, value.find('\t'));
  Integer number = 0;
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), number, base);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<JailState> parse_process_status(std::string_view text) {
  const auto pid = field_of<std::int32_t>(value_of(text, "Pid"), 0, 10);
  // Columns of Uid and Gid: real, effective, saved, file system.
  const auto uid = field_of<std::uint32_t>(value_of(text, "Uid"), 1, 10);
  const auto gid = field_of<std::uint32_t>(value_of(text, "Gid"), 1, 10);
  const auto capabilities = field_of<std::uint64_t>(value_of(text, "CapEff"), 0, 16);
  const auto no_new_privs = field_of<std::uint8_t>(value_of(text, "NoNewPrivs"), 0, 10);
  const auto seccomp = field_of<std::uint8_t>(value_of(text, "Seccomp"), 0, 10);
  if (!pid || !uid || !gid || !capabilities || !no_new_privs || !seccomp) return std::nullopt;
  JailState state;
  state.pid = *pid;
  state.uid = *uid;
  state.gid = *gid;
  state.capabilities = *capabilities;
  state.no_new_privs = *no_new_privs != 0;
  state.seccomp = *seccomp;
  return state;
}

std::int32_t own_pid() {
  return ::getpid();
}

SysResult<JailProbe> JailProbe::open() {
  Fd status(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  if (!status.valid()) return last_error("open", "/proc/self/status");
  return JailProbe(std::move(status));
}

SysResult<JailState> JailProbe::read() const {
  std::array<char, kStatusBytes> text{};
  const ssize_t n = ::pread(status_.number(), text.data(), text.size(), 0);
  if (n < 0) return last_error("pread", "/proc/self/status");
  std::optional<JailState> state = parse_process_status({text.data(), static_cast<std::size_t>(n)});
  if (!state) return SysError{"parse", "/proc/self/status", EPROTO};
  SysResult<bool> dumpable = is_dumpable(status_, state->uid);
  if (!dumpable) return dumpable.error();
  state->dumpable = *dumpable;
  return *state;
}

SysResult<bool> is_dumpable(const Fd& status, std::uint32_t uid) {
  const int answer = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  if (answer >= 0) return answer != 0;
  if (errno != EPERM || uid == 0) return last_error("prctl", "PR_GET_DUMPABLE");
  struct stat file {};
  if (::fstat(status.number(), &file) != 0) return last_error("fstat", "/proc/self/status");
  return file.st_uid == uid;
}

}  // namespace covfefe::os
