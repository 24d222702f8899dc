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
  std::string point;   // absolute, escapes undone
  std::string type;    // "ext4", "btrfs", "overlay" …
  std::string source;  // "/dev/mapper/data", or any text
};

[[nodiscard]] std::vector<Mount> parse_mountinfo(std::string_view text);
// In the table's order; lines of another shape are left out.

[[nodiscard]] std::optional<Mount> mount_of(std::span<const Mount> mounts, std::string_view path);
// The mount that shows at `path` (absolute, without "..", "." or symbolic links): the longest mount
// point that is a whole-component prefix, and of equal ones the last, which lies on top.

}  // namespace covfefe::os
