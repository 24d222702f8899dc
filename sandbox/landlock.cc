// SPDX-License-Identifier: Apache-2.0
#include "sandbox/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "os/fd.h"

namespace covfefe::sandbox {
namespace {

// The kernel's interface, spelled out: Debian 12's headers know ABI 2, kernels of today 7.
struct RulesetAttributes {
  std::uint64_t handled_files;
  std::uint64_t handled_network;  // from ABI 4
  std::uint64_t scoped;           // from ABI 6
};
struct [[gnu::packed]] PathAttributes {
  std::uint64_t allowed;
  std::int32_t parent;
};
constexpr unsigned kAskVersion = 1U << 0;
constexpr int kPathRule = 1;

constexpr std::uint64_t kWriteFile = 1ULL << 1;
constexpr std::uint64_t kReadFile = 1ULL << 2;
constexpr std::uint64_t kReadDirectory = 1ULL << 3;
constexpr std::uint64_t kRemoveFile = 1ULL << 5;
constexpr std::uint64_t kMakeRegular = 1ULL << 8;
constexpr std::uint64_t kTruncate = 1ULL << 14;     // from ABI 3
constexpr std::uint64_t kIoctlDevice = 1ULL << 15;  // from ABI 5
constexpr std::uint64_t kOfFiles = kWriteFile | kReadFile | kTruncate | kIoctlDevice;

std::uint64_t handled_files(int abi) {
  std::uint64_t rights = (1ULL << 13) - 1;  // ABI 1: execute … make symbolic link
  if (abi >= 2) rights |= 1ULL << 13;       // link or rename between directories
  if (abi >= 3) rights |= kTruncate;
  if (abi >= 5) rights |= kIoctlDevice;
  return rights;
}

std::uint64_t rights_of(Access access) {
  switch (access) {
    case Access::Read:
      return kReadFile | kReadDirectory;
    case Access::ReadWrite:
      return kReadFile | kReadDirectory | kWriteFile | kTruncate | kRemoveFile | kMakeRegular;
    case Access::Device:
      return kReadFile | kWriteFile | kIoctlDevice;
  }
  return 0;
}

SysResult<os::Fd> make_ruleset(int abi) {
  const RulesetAttributes attributes{handled_files(abi), 0x3, 0x3};
  const std::size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  const long fd = ::syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
  if (fd < 0) return os::last_error("landlock_create_ruleset", "ABI " + std::to_string(abi));
  return os::Fd(static_cast<int>(fd));
}

SysResult<void> add_path(const os::Fd& ruleset, const Path& path, std::string_view root, int abi) {
  std::string name = path.base == Base::Root ? std::string(root) : std::string();
  if (!name.ends_with('/')) name += '/';
  name += path.path;
  const os::Fd at(::open(name.c_str(), O_PATH | O_CLOEXEC));
  if (!at.valid()) return os::last_error("open for the jail", name);
  struct stat what {};
  if (::fstat(at.number(), &what) != 0) return os::last_error("fstat", name);
  std::uint64_t rights = rights_of(path.access) & handled_files(abi);
  if (!S_ISDIR(what.st_mode)) rights &= kOfFiles;
  const PathAttributes attributes{rights, at.number()};
  if (::syscall(SYS_landlock_add_rule, ruleset.number(), kPathRule, &attributes, 0) != 0) {
    return os::last_error("landlock_add_rule", name);
  }
  return {};
}

SysResult<void> check_denied() {
  const os::Fd root(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid() && errno == EACCES) return {};
  return SysError{"audit: Landlock lets us list", "/", EPERM};
}

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

SysResult<int> restrict_files(const Policy& policy, std::string_view root) {
  const int abi = landlock_abi();
  if (abi == 0) return 0;
  SysResult<os::Fd> ruleset = make_ruleset(abi);
  if (!ruleset.ok()) return ruleset.error();
  for (const Path& path : policy.paths) {
    if (SysResult<void> added = add_path(*ruleset, path, root, abi); !added.ok()) {
      return added.error();
    }
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset->number(), 0) != 0) {
    return os::last_error("landlock_restrict_self", "covfefe-" + std::string(policy.service));
  }
  if (SysResult<void> denied = check_denied(); !denied.ok()) return denied.error();
  return abi;
}

}  // namespace covfefe::sandbox
