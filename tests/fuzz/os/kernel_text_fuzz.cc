// SPDX-License-Identifier: Apache-2.0
// Texts that the kernel prints but that hold names chosen by users: the mount table and a process's
// status. First byte: even = mount table, odd = status; the rest is the text.
#include <string_view>

#include "base/bug.h"
#include "base/bytes.h"
#include "os/jail_state.h"
#include "os/mounts.h"

namespace covfefe {
namespace {

void mount_table(std::string_view text) {
  const std::vector<os::Mount> mounts = os::parse_mountinfo(text);
  for (const os::Mount& mount : mounts) {
    if (!mount.point.starts_with('/') || mount.type.empty()) bug("a mount of no shape");
    // Its own mount point is held by it or by a later mount of the same point.
    const auto found = os::mount_of(mounts, mount.point);
    if (!found || found->point.size() < mount.point.size()) bug("a mount that is not found");
  }
}

}  // namespace
}  // namespace covfefe

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  if (size == 0) return 0;
  const std::string_view text = text_of(ByteView(data + 1, size - 1));
  if (data[0] % 2 == 0) {
    mount_table(text);
  } else {
    (void)os::parse_process_status(text);
  }
  return 0;
}
