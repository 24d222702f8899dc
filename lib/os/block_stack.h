// SPDX-License-Identifier: Apache-2.0
// Is the block device under a directory encrypted by LUKS? Walks from the file system down through
// device-mapper layers as sysfs shows them. Stricter than systemd's AssertPathIsEncrypted=, which
// also accepts plain dm-crypt, dm-verity and dm-integrity. Trusts the kernel's own texts, but
// bounds them: depth 10, 64 slaves. Thread: main, before confine; reads files.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace covfefe::os {

inline constexpr int kMaxBlockDepth = 10;

struct BlockView {
  std::string sys = "/sys";                        // tests give a directory of their own
  std::string mountinfo = "/proc/self/mountinfo";  // proc(5)
};

struct DeviceNumber {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  bool operator==(const DeviceNumber&) const = default;
};

struct BlockVerdict {
  bool encrypted = false;             // every path down ends in LUKS1 or LUKS2
  std::vector<std::string> findings;  // one sentence per layer, top first: what was seen there
  std::string reason;                 // why not, in one sentence; empty when encrypted
  std::string fix;                    // what the operator can do; empty when encrypted
};

[[nodiscard]] SysResult<BlockVerdict> examine_directory(const std::string& directory,
                                                        const BlockView& view = {});
// Of the file system that holds `directory`. SysError only if the directory itself cannot be
// examined; anything that cannot be understood further down is a refusal with its reason.

[[nodiscard]] BlockVerdict examine_device(DeviceNumber device, const std::string& directory,
                                          const BlockView& view);
// The same for a st_dev already known; `directory` is looked up in mountinfo where the device is
// anonymous (major 0: btrfs, overlay, tmpfs …) and is named in the texts.

}  // namespace covfefe::os
