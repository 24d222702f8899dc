// SPDX-License-Identifier: Apache-2.0
// The mount table as /proc/self/mountinfo prints it (proc(5)). The format is the kernel's, but
// mount points and sources can be any user's text. Thread: any.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace covfefe::os {

struct Mount {
  std::string point;      // absolute, escapes undone
  std::string type;       // "ext4", "btrfs", "overlay" …
  std::string source;     // "/dev/mapper/data", or any text
  std::string id = {};    // the kernel's number, never that of another mount that is there
  std::string root = {};  // which directory of the file system shows at the point, escapes undone
  std::string follows = {};  // the group of mounts that it is a slave of; empty: none
};

[[nodiscard]] std::vector<Mount> parse_mountinfo(std::string_view text);
// In the table's order; lines of another shape are left out.

[[nodiscard]] std::optional<Mount> mount_of(std::span<const Mount> mounts, std::string_view path);
// The mount that shows at `path` (absolute, without "..", "." or symbolic links): the longest mount
// point that is a whole-component prefix, and of equal ones the last, which lies on top.

[[nodiscard]] bool is_at_or_above(const std::string& point, std::string_view path);
// Whether the mount point is the path or one of its parents, by whole components.

}  // namespace covfefe::os
