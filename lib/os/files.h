// SPDX-License-Identifier: Apache-2.0
// Small files, whole: configuration, keys, /proc and /sys texts. Sizes are bounded by the caller
// before a byte is read. Trusts no content. Thread: any; blocks on the disk.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
  bool operator==(const Owner&) const = default;
};

[[nodiscard]] SysResult<std::vector<std::uint8_t>> read_file(const std::string& path,
                                                             std::size_t limit);
// The whole file; EFBIG if it holds more than `limit` bytes, EISDIR/EINVAL if it is not a regular
// file (a FIFO never blocks us). Files of /proc and /sys, whose size reads 0, work too.

[[nodiscard]] SysResult<std::string> read_text(const std::string& path, std::size_t limit);

[[nodiscard]] SysResult<Fd> open_directory(const std::string& path);
[[nodiscard]] bool is_directory(const Fd& fd);
// Asks the kernel, which asks the file system it is on.
// For the *_at functions: a jailed process opens its directory before confine and needs no path
// afterwards.

[[nodiscard]] SysResult<std::vector<std::uint8_t>> read_file_at(const Fd& directory,
                                                                const std::string& name,
                                                                std::size_t limit);
// As read_file; `name` is one component without '/', never a symbolic link (ELOOP).

struct FileTraits {
  mode_t mode = 0600;
  Owner owner{static_cast<uid_t>(-1), static_cast<gid_t>(-1)};  // -1 leaves it as created
};

[[nodiscard]] SysResult<void> write_atomically(const std::string& path, ByteView content,
                                               FileTraits traits = {});
// Temporary file in the same directory, write, fsync, rename over `path`, fsync of the directory:
// after a crash at any instant the old or the new content is there whole, and after success the new
// one. The temporary file is removed on failure.

[[nodiscard]] SysResult<void> write_atomically_at(const Fd& directory, const std::string& name,
                                                  ByteView content, FileTraits traits = {});

[[nodiscard]] SysResult<void> create_file(const std::string& path, ByteView content,
                                          FileTraits traits = {});
// As write_atomically, but EEXIST if `path` exists: never overwrites.

[[nodiscard]] bool is_unsettled(const SysError& error);
// Of the three above: the new file is in place, but its directory could not be synced. Whether the
// old or the new one is there after a power cut is not known; after any other error it is the old.

[[nodiscard]] SysResult<void> make_directory(const std::string& path, FileTraits traits);
// Makes the last component (the parents must exist) or takes an existing directory, and sets owner
// and mode; ENOTDIR if something else, a symbolic link included, is there.

[[nodiscard]] SysResult<void> write_all(const Fd& fd, ByteView bytes, const std::string& object);
// Repeats short writes and EINTR; for blocking descriptors.

}  // namespace covfefe::os
