// SPDX-License-Identifier: Apache-2.0
// Archives that tar(1) reads: the ustar form of POSIX.1-1988, plain files of mode 0600 only. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace covfefe::cli {

struct TarEntry {
  std::string name;  // 1 to 99 bytes
  std::string text;  // below 8 GiB
};

[[nodiscard]] std::string tar_of(std::span<const TarEntry> entries, std::int64_t unix_seconds);
// The whole archive. Owners are root, times are all the same: nothing of this machine is in it.

}  // namespace covfefe::cli
