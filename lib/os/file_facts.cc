// SPDX-License-Identifier: Apache-2.0
#include "os/file_facts.h"

#include <dirent.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

namespace covfefe::os {
namespace {

constexpr std::size_t kLinkBytes = 4'096;
constexpr std::size_t kGroupBytes = 65'536;  // a group with a few thousand members

FileKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::Regular;
  if (S_ISDIR(mode)) return FileKind::Directory;
  if (S_ISLNK(mode)) return FileKind::Link;
  if (S_ISSOCK(mode)) return FileKind::Socket;
  return S_ISBLK(mode) ? FileKind::BlockDevice : FileKind::Other;
}

FileFacts facts_from(const struct stat& seen) {
  return {kind_of(seen.st_mode),
          static_cast<mode_t>(seen.st_mode & 07777),
          {seen.st_uid, seen.st_gid},
          {major(seen.st_rdev), minor(seen.st_rdev)}};
}

}  // namespace

SysResult<FileFacts> facts_of(const std::string& path) {
  struct stat seen {};
  if (::stat(path.c_str(), &seen) != 0) return last_error("stat", path);
  return facts_from(seen);
}

SysResult<FileFacts> facts_of_entry(const std::string& path) {
  struct stat seen {};
  if (::lstat(path.c_str(), &seen) != 0) return last_error("stat", path);
  return facts_from(seen);
}

SysResult<std::string> link_text(const std::string& path) {
  std::array<char, kLinkBytes> text{};
  const ssize_t n = ::readlink(path.c_str(), text.data(), text.size());
  if (n < 0) return last_error("readlink", path);
  return std::string(text.data(), static_cast<std::size_t>(n));
}

SysResult<std::vector<std::string>> names_in(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
  if (open == nullptr) return last_error("opendir", directory);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

SysResult<Space> space_at(const std::string& path) {
  struct statvfs seen {};
  if (::statvfs(path.c_str(), &seen) != 0) return last_error("statvfs", path);
  return Space{std::uint64_t{seen.f_bavail} * seen.f_frsize, seen.f_favail, seen.f_files != 0,
               (seen.f_flag & ST_RDONLY) != 0};
}

SysResult<std::uint32_t> group_by_name(const std::string& name) {
  std::vector<char> text(kGroupBytes);
  group entry{};
  group* found = nullptr;
  const int error = ::getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
  if (found != nullptr) return std::uint32_t{entry.gr_gid};
  const bool absent = error == 0 || error == ENOENT || error == ESRCH;
  return SysError{"getgrnam", name, absent ? ENOENT : error};
}

SysResult<ClockDiscipline> clock_discipline() {
  timex ask{};  // modes 0: nothing is changed
  if (::adjtimex(&ask) < 0) return last_error("adjtimex", "the clock");
  return (ask.status & STA_UNSYNC) != 0 ? ClockDiscipline::Free : ClockDiscipline::Synchronised;
}

}  // namespace covfefe::os
