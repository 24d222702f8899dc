// SPDX-License-Identifier: Apache-2.0
// The volume under a service's directory: is it the encrypted one that it should be, and is it
// still there? Thread: any one; reads /proc, /sys and /etc/fstab.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "os/block_stack.h"
#include "os/fd.h"
#include "os/notify.h"

namespace covfefe::os {

inline constexpr std::string_view kVolumeOfUnit = "/covfefe-volume";
// Where a unit shows the volume itself besides the service's own directory on it (systemd/): in a
// root directory of its own a process sees no mount come or go that is made outside of it, but
// those upon what it is shown.

inline constexpr Duration kMountsEvery = Duration::seconds(1);  // how often a service looks

struct StorageView {
  BlockView block = {};              // tests give files of their own
  std::string fstab = "/etc/fstab";  // fstab(5)
};

struct StorageRefusal {
  std::string reason;  // one sentence; empty: the directory lies on LUKS
  std::string fix;     // what the operator can do
};

[[nodiscard]] StorageRefusal examine_storage(const std::string& directory,
                                             const StorageView& view = {});
// A directory that is missing or lies elsewhere, while fstab names a volume for it or for one of
// its parents, is most likely that volume's: then the fix is to mount it.

[[nodiscard]] std::string mount_unit(const std::string& point);
// systemd's name of the unit of a mount point: "/var/lib/covfefe" is "var-lib-covfefe.mount".

class MountWatch {
 public:
  static SysResult<MountWatch> open(const std::string& directory,
                                    const std::string& table = "/proc/self/mountinfo");
  // Remembers the mounts at `directory`, at its parents and at kVolumeOfUnit, as this process sees
  // them.

  [[nodiscard]] bool changed() const;
  // One of them came or went. A mount that a unit's namespace made of one outside counts as changed
  // when that one is gone: it keeps the file system alive, which nobody outside sees any more.
  // Reads the open table again by pread(2): works behind the wall. A table that cannot be read is
  // unchanged.

  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  MountWatch(Fd table, std::string directory)
      : table_(std::move(table)), directory_(std::move(directory)) {}
  [[nodiscard]] SysResult<std::string> mounts() const;

  Fd table_;
  std::string directory_;
  std::string before_;
};

struct StorageDemand {
  std::string directory;
  bool luks = true;  // refuse anything else
  bool wait =
      false;  // for another volume, instead of ending at once: what a supervisor starts again
};

[[nodiscard]] Expected<MountWatch, std::string> secure_storage(const StorageDemand& demand,
                                                               Notifier& notifier, Log& log);
// The mounts on which the directory was accepted, or the refusal and its fix. With `wait` a refusal
// is logged once and is the status that the supervisor shows; it is told READY, so that nobody
// waits for us, and the call returns (an error still) when a mount changed or after 30 s: the
// process ends, and whoever starts it again gives it a fresh look. Thread: main, before confine.

}  // namespace covfefe::os
