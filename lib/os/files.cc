// SPDX-License-Identifier: Apache-2.0
#include "os/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

namespace covfefe::os {
namespace {

constexpr const char* kSyncDirectory = "fsync directory of";

enum class Existing : std::uint8_t { Replace, Keep };

SysResult<std::vector<std::uint8_t>> read_open_file(const Fd& file, const std::string& object,
                                                    std::size_t limit) {
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return last_error("fstat", object);
  if (!S_ISREG(status.st_mode)) {
    return SysError{"read", object, S_ISDIR(status.st_mode) ? EISDIR : EINVAL};
  }
  // st_size is 0 in /proc and can change under us: only what read() returns counts.
  std::vector<std::uint8_t> content;
  std::size_t used = 0;
  for (;;) {
    if (used > limit) return SysError{"read", object, EFBIG};
    content.resize(std::min(limit + 1, used + 4'096));
    const ssize_t n = ::read(file.number(), content.data() + used, content.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return last_error("read", object);
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  content.resize(used);
  return content;
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

SysResult<void> apply_traits(const Fd& file, FileTraits traits, const std::string& object) {
  const bool chown_wanted =
      traits.owner.uid != static_cast<uid_t>(-1) || traits.owner.gid != static_cast<gid_t>(-1);
  if (chown_wanted && ::fchown(file.number(), traits.owner.uid, traits.owner.gid) != 0) {
    return last_error("fchown", object);
  }
  // After the owner: chown clears set-id bits and the umask has cut the mode at creation.
  if (::fchmod(file.number(), traits.mode) != 0) return last_error("fchmod", object);
  return {};
}

SysResult<void> write_temporary(const Fd& directory, const std::string& name, ByteView content,
                                FileTraits traits) {
  Fd file(::openat(directory.number(), name.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return last_error("create", name);
  if (auto written = write_all(file, content, name); !written) return written;
  if (auto applied = apply_traits(file, traits, name); !applied) return applied;
  if (::fsync(file.number()) != 0) return last_error("fsync", name);
  return close_checked(std::move(file), name);
}

SysResult<void> publish(const Fd& directory, const std::string& from, const std::string& to,
                        Existing existing) {
  const int at = directory.number();
  // link() instead of renameat2(RENAME_NOREPLACE): every file system has it.
  const int failed = existing == Existing::Keep ? ::linkat(at, from.c_str(), at, to.c_str(), 0)
                                                : ::renameat(at, from.c_str(), at, to.c_str());
  if (failed != 0) return last_error(existing == Existing::Keep ? "link" : "rename", to);
  if (existing == Existing::Keep) ::unlinkat(at, from.c_str(), 0);
  if (::fsync(at) != 0) return last_error(kSyncDirectory, to);
  return {};
}

SysResult<void> write_at(const Fd& directory, const std::string& name, ByteView content,
                         std::pair<FileTraits, Existing> how) {
  if (!is_plain_name(name)) return SysError{"write", name, EINVAL};
  const std::string temporary = "." + name + ".new";
  // One writer per file: what is there was left by a crash.
  ::unlinkat(directory.number(), temporary.c_str(), 0);
  SysResult<void> done = write_temporary(directory, temporary, content, how.first);
  if (done) done = publish(directory, temporary, name, how.second);
  if (!done) ::unlinkat(directory.number(), temporary.c_str(), 0);
  return done;
}

struct SplitPath {
  std::string directory;
  std::string name;
};

SplitPath split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

SysResult<void> write_path(const std::string& path, ByteView content, FileTraits traits,
                           Existing existing) {
  const SplitPath parts = split(path);
  SysResult<Fd> directory = open_directory(parts.directory);
  if (!directory) return directory.error();
  SysResult<void> done = write_at(*directory, parts.name, content, {traits, existing});
  if (!done) return SysError{done.error().operation, path, done.error().number};
  return {};
}

}  // namespace

SysResult<std::vector<std::uint8_t>> read_file(const std::string& path, std::size_t limit) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return last_error("open", path);
  return read_open_file(file, path, limit);
}

SysResult<std::string> read_text(const std::string& path, std::size_t limit) {
  SysResult<std::vector<std::uint8_t>> bytes = read_file(path, limit);
  if (!bytes) return bytes.error();
  return std::string(text_of(*bytes));
}

bool is_directory(const Fd& fd) {
  struct stat status {};
  return ::fstat(fd.number(), &status) == 0 && S_ISDIR(status.st_mode);
}

SysResult<Fd> open_directory(const std::string& path) {
  Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return last_error("open directory", path);
  return directory;
}

SysResult<std::vector<std::uint8_t>> read_file_at(const Fd& directory, const std::string& name,
                                                  std::size_t limit) {
  if (!is_plain_name(name)) return SysError{"open", name, EINVAL};
  const Fd file(::openat(directory.number(), name.c_str(),
                         O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) return last_error("open", name);
  return read_open_file(file, name, limit);
}

SysResult<void> write_atomically(const std::string& path, ByteView content, FileTraits traits) {
  return write_path(path, content, traits, Existing::Replace);
}

SysResult<void> write_atomically_at(const Fd& directory, const std::string& name, ByteView content,
                                    FileTraits traits) {
  return write_at(directory, name, content, {traits, Existing::Replace});
}

SysResult<void> create_file(const std::string& path, ByteView content, FileTraits traits) {
  return write_path(path, content, traits, Existing::Keep);
}

bool is_unsettled(const SysError& error) {
  return std::string_view(error.operation) == kSyncDirectory;
}

SysResult<void> make_directory(const std::string& path, FileTraits traits) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return last_error("mkdir", path);
  const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.valid()) return last_error("open directory", path);
  return apply_traits(directory, traits, path);
}

SysResult<void> write_all(const Fd& fd, ByteView bytes, const std::string& object) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd.number(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return last_error("write", object);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace covfefe::os
