// SPDX-License-Identifier: Apache-2.0
// What the kernel says of files, file systems and the clock, for the operator's tool that audits a
// node. Reads, changes nothing. Thread: any; blocks on the disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/block_stack.h"
#include "os/files.h"

namespace covfefe::os {

enum class FileKind : std::uint8_t { Regular, Directory, Link, Socket, BlockDevice, Other };

struct FileFacts {
  FileKind kind = FileKind::Other;
  mode_t mode = 0;  // the twelve bits of chmod(2)
  Owner owner;
  DeviceNumber device;  // of a BlockDevice
};

[[nodiscard]] SysResult<FileFacts> facts_of(const std::string& path);
// Follows symbolic links.
[[nodiscard]] SysResult<FileFacts> facts_of_entry(const std::string& path);
// Of a symbolic link itself.

[[nodiscard]] SysResult<std::string> link_text(const std::string& path);
// What readlink(2) gives, at most 4,095 bytes; works on /proc/PID/fd/N, too.

[[nodiscard]] SysResult<std::vector<std::string>> names_in(const std::string& directory);
// Sorted, without "." and "..".

struct Space {
  std::uint64_t bytes = 0;    // free for the services
  std::uint64_t files = 0;    // that can still be made
  bool counts_files = false;  // btrfs and the like have no such bound
  bool read_only = false;
};
[[nodiscard]] SysResult<Space> space_at(const std::string& path);

[[nodiscard]] SysResult<std::uint32_t> group_by_name(const std::string& name);
// ENOENT if there is no such group.

enum class ClockDiscipline : std::uint8_t { Synchronised, Free };
[[nodiscard]] SysResult<ClockDiscipline> clock_discipline();
// Whether a time service keeps CLOCK_REALTIME, as adjtimex(2) tells it.

}  // namespace covfefe::os
