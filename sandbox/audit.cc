// SPDX-License-Identifier: Apache-2.0
#include "sandbox/audit.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <vector>

#include "os/jail_state.h"

namespace covfefe::sandbox {
namespace {

constexpr std::size_t kStatusBytes = 8'192;  // about 1.5 KiB today

std::optional<std::string_view> value_of(std::string_view text, std::string_view key) {
  // Keys stand at the start of a line; the first line is the process's name, which has no break.
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(key) || !line.substr(key.size()).starts_with(':')) continue;
    line.remove_prefix(key.size() + 1);
    return line;
  }
  return std::nullopt;
}

template <typename Integer>
std::optional<std::vector<Integer>> numbers_of(std::string_view text, std::string_view key,
                                               int base) {
  const std::optional<std::string_view> value = value_of(text, key);
  if (!value) return std::nullopt;
  std::vector<Integer> out;
  for (const char* at = value->data(); at != value->data() + value->size();) {
    if (*at == ' ' || *at == '\t') {
      ++at;
      continue;
    }
    Integer number = 0;
    const auto [end, error] = std::from_chars(at, value->data() + value->size(), number, base);
    if (error != std::errc()) return std::nullopt;
    out.push_back(number);
    at = end;
  }
  return out;
}

template <typename Integer>
bool read_one(std::string_view text, std::string_view key, Integer& out) {
  const bool mask = key.starts_with("Cap");
  const auto numbers = numbers_of<Integer>(text, key, mask ? 16 : 10);
  if (!numbers || numbers->size() != 1) return false;
  out = numbers->front();
  return true;
}

bool all_same(const std::vector<std::uint32_t>& ids) {
  return ids[0] == ids[1] && ids[0] == ids[2] && ids[0] == ids[3];
}

SysError too_much(const char* what, const Policy& policy) {
  return SysError{"audit", "covfefe-" + std::string(policy.service) + " has " + what, EPERM};
}

}  // namespace

std::optional<ProcessStatus> parse_status(std::string_view text) {
  ProcessStatus out;
  const bool singles =
      read_one(text, "CapInh", out.inheritable) && read_one(text, "CapPrm", out.permitted) &&
      read_one(text, "CapEff", out.effective) && read_one(text, "CapBnd", out.bounding) &&
      read_one(text, "CapAmb", out.ambient) && read_one(text, "Threads", out.threads) &&
      read_one(text, "Seccomp", out.seccomp) && read_one(text, "NoNewPrivs", out.no_new_privs);
  const auto uids = numbers_of<std::uint32_t>(text, "Uid", 10);
  const auto gids = numbers_of<std::uint32_t>(text, "Gid", 10);
  const auto groups = numbers_of<std::uint32_t>(text, "Groups", 10);
  if (!singles || !uids || !gids || !groups) return std::nullopt;
  if (uids->size() != 4 || gids->size() != 4) return std::nullopt;
  out.one_uid = all_same(*uids);
  out.one_gid = all_same(*gids);
  out.no_groups = groups->empty() || *groups == std::vector<std::uint32_t>{gids->front()};
  out.uid = uids->front();
  out.gid = gids->front();
  return out;
}

SysResult<os::Fd> open_status() {
  os::Fd status(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  if (!status.valid()) return os::last_error("open", "/proc/self/status");
  return status;
}

SysResult<ProcessStatus> read_status(const os::Fd& status) {
  std::array<char, kStatusBytes> text{};
  const ssize_t n = ::pread(status.number(), text.data(), text.size(), 0);
  if (n < 0) return os::last_error("read", "/proc/self/status");
  std::optional<ProcessStatus> parsed =
      parse_status(std::string_view(text.data(), static_cast<std::size_t>(n)));
  if (!parsed) return SysError{"understand", "/proc/self/status", EPROTO};
  return *parsed;
}

SysResult<void> check_identity(const ProcessStatus& status, const Policy& policy, os::Owner owner) {
  std::uint64_t wanted = 0;
  for (const Capability& capability : policy.capabilities) wanted |= 1ULL << capability.number;
  if (!status.one_uid || status.uid != owner.uid) return too_much("another user", policy);
  if (!status.one_gid || status.gid != owner.gid) return too_much("another group", policy);
  if (!status.no_groups) return too_much("supplementary groups", policy);
  if (status.effective != wanted || status.permitted != wanted) {
    return too_much("other capabilities than its policy", policy);
  }
  if (status.inheritable != 0 || status.ambient != 0) {
    return too_much("inheritable capabilities", policy);
  }
  if ((status.bounding & ~wanted) != 0) return too_much("a bounding set", policy);
  return {};
}

SysResult<void> check_walls(const ProcessStatus& now, const os::Fd& status) {
  constexpr std::uint32_t kFilterMode = 2;
  if (now.no_new_privs != 1) return SysError{"audit", "no_new_privs is off", EPERM};
  if (now.seccomp != kFilterMode) return SysError{"audit", "the filter is not in force", EPERM};
  SysResult<bool> dumpable = os::is_dumpable(status, now.uid);
  if (!dumpable.ok()) return dumpable.error();
  if (*dumpable) return SysError{"audit", "the process is dumpable", EPERM};
  return {};
}

}  // namespace covfefe::sandbox
