// SPDX-License-Identifier: Apache-2.0
#include "os/block_stack.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "os/fd.h"
#include "os/files.h"
#include "os/mounts.h"

namespace covfefe::os {
namespace {

constexpr int kMaxBlockNodes = 64;              // devices looked at in one walk
constexpr std::size_t kAttributeBytes = 4'096;  // one sysfs page
constexpr std::size_t kMountinfoBytes = 4 << 20;
constexpr std::uint32_t kLoopMajor = 7;  // Documentation/admin-guide/devices.txt

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

std::string attribute(const std::string& path) {
  SysResult<std::string> text = read_text(path, kAttributeBytes);
  if (!text) return {};
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return std::move(*text);
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real == nullptr ? std::string() : std::string(real.get());
}

std::vector<std::string> entries_of(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
  if (open == nullptr) return names;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string number_text(DeviceNumber device) {
  return std::to_string(device.major) + ":" + std::to_string(device.minor);
}

std::string kind_of(const std::string& uuid) {
  // "CRYPT-VERITY-<hex>-<name>", "LVM-<hex>": words of capitals and digits before the identifier.
  for (const char* kind : {"CRYPT-LUKS1", "CRYPT-LUKS2", "CRYPT-PLAIN", "CRYPT-VERITY",
                           "CRYPT-INTEGRITY", "CRYPT-TCRYPT", "CRYPT-BITLK", "CRYPT-LOOPAES"}) {
    if (uuid.starts_with(std::string(kind) + "-")) return kind;
  }
  return uuid.substr(0, uuid.find('-'));
}

bool is_luks(const std::string& uuid) {
  return uuid.starts_with("CRYPT-LUKS1-") || uuid.starts_with("CRYPT-LUKS2-");
}

class Walk {
 public:
  explicit Walk(const BlockView& view) : view_(view) {}

  bool device(const std::string& sysfs, int depth);
  // True if everything below the block device at this sysfs directory ends in LUKS.
  bool number(DeviceNumber device);
  bool btrfs(const std::string& source);
  bool refuse(std::string reason) {
    // The first reason is the exact one; callers further up only repeat that they depend on it.
    if (reason_.empty()) reason_ = std::move(reason);
    return false;
  }

  BlockVerdict accepted() &&;
  BlockVerdict refused(const std::string& directory) &&;

 private:
  bool slaves(const std::string& sysfs, const std::string& label, int depth);
  bool partition(const std::string& sysfs, const std::string& label, int depth);

  const BlockView& view_;
  std::vector<std::string> findings_;
  std::string reason_;
  int visited_ = 0;
};

bool Walk::device(const std::string& sysfs, int depth) {
  const std::string label = base_name(sysfs);
  if (depth > kMaxBlockDepth || ++visited_ > kMaxBlockNodes) {
    return refuse("the devices below are nested deeper than " + std::to_string(kMaxBlockDepth) +
                  " layers or are more than " + std::to_string(kMaxBlockNodes));
  }
  const std::string uuid = attribute(sysfs + "/dm/uuid");
  if (is_luks(uuid)) {
    findings_.push_back(label + " is " + kind_of(uuid));
    return true;
  }
  if (exists(sysfs + "/loop") || attribute(sysfs + "/dev").starts_with("7:")) {
    findings_.push_back(label + " is a loop device");
    return refuse(label + " is a loop device, which hides what holds its file");
  }
  if (exists(sysfs + "/partition")) return partition(sysfs, label, depth);
  return slaves(sysfs, uuid.empty() ? label : label + " (" + kind_of(uuid) + ")", depth);
}

bool Walk::partition(const std::string& sysfs, const std::string& label, int depth) {
  // sysfs keeps a partition inside the directory of its disk.
  const std::string disk = real_path(sysfs + "/..");
  findings_.push_back(label + " is a partition of " + base_name(disk));
  if (disk.empty() || !exists(disk + "/slaves")) {
    return refuse("the disk of partition " + label + " is not shown by the kernel");
  }
  return device(disk, depth + 1);
}

bool Walk::slaves(const std::string& sysfs, const std::string& label, int depth) {
  const std::vector<std::string> below = entries_of(sysfs + "/slaves");
  if (below.empty()) {
    findings_.push_back(label + " is not LUKS and has no device below");
    return refuse(label + " is not encrypted by LUKS");
  }
  std::string names;
  for (const std::string& name : below) names += (names.empty() ? "" : ", ") + name;
  findings_.push_back(label + " is not LUKS itself and stands on " + names);
  return std::all_of(below.begin(), below.end(), [&](const std::string& name) {
    const std::string path = real_path(sysfs + "/slaves/" + name);
    if (path.empty()) return refuse(name + ", below " + label + ", is not shown by the kernel");
    return device(path, depth + 1);
  });
}

bool Walk::number(DeviceNumber device_number) {
  const std::string text = number_text(device_number);
  if (device_number.major == kLoopMajor) {
    return refuse("block device " + text + " is a loop device, which hides what holds its file");
  }
  const std::string sysfs = real_path(view_.sys + "/dev/block/" + text);
  if (sysfs.empty()) return refuse("block device " + text + " is not in /sys/dev/block");
  return device(sysfs, 1);
}

std::optional<std::string> kernel_name(const BlockView& view, const std::string& source) {
  const std::string name = base_name(source);
  const std::string block = view.sys + "/class/block/";
  if (source == "/dev/" + name && exists(block + name)) return name;
  if (source != "/dev/mapper/" + name) return std::nullopt;
  for (const std::string& candidate : entries_of(block)) {
    if (attribute(block + candidate + "/dm/name") == name) return candidate;
  }
  return std::nullopt;
}

bool Walk::btrfs(const std::string& source) {
  // The mount table names one device, sysfs lists all that hold data.
  const std::optional<std::string> name = kernel_name(view_, source);
  if (!name) return refuse("the btrfs source " + source + " is not a block device that is known");
  const std::string file_systems = view_.sys + "/fs/btrfs/";
  for (const std::string& id : entries_of(file_systems)) {
    const std::string devices = file_systems + id + "/devices";
    if (!exists(devices + "/" + *name)) continue;
    const std::vector<std::string> all = entries_of(devices);
    findings_.push_back("btrfs " + id + " has " + std::to_string(all.size()) + " device(s)");
    return std::all_of(all.begin(), all.end(), [&](const std::string& each) {
      const std::string path = real_path(view_.sys + "/class/block/" + each);
      return path.empty() ? refuse("btrfs device " + each + " is not shown") : device(path, 1);
    });
  }
  return refuse("the devices of the btrfs file system on " + source + " cannot be listed");
}

BlockVerdict Walk::accepted() && {
  BlockVerdict out;
  out.encrypted = true;
  out.findings = std::move(findings_);
  return out;
}

BlockVerdict Walk::refused(const std::string& directory) && {
  BlockVerdict out;
  out.findings = std::move(findings_);
  out.reason = directory + " is not on a LUKS volume: " + reason_;
  out.fix = "move " + directory +
            " to a file system on a LUKS volume (cryptsetup luksFormat, crypttab(5)), or set "
            "\"storage.require_luks: no\" in covfefenet.yaml to accept that whoever takes the disk "
            "can read what is stored there";
  return out;
}

bool examine_anonymous(Walk& walk, const std::string& directory, const BlockView& view) {
  SysResult<std::string> table = read_text(view.mountinfo, kMountinfoBytes);
  if (!table) return walk.refuse("the mount table cannot be read: " + table.error().text());
  const std::string real = real_path(directory);
  const std::vector<Mount> mounts = parse_mountinfo(*table);
  const std::optional<Mount> mount = mount_of(mounts, real.empty() ? directory : real);
  if (!mount) return walk.refuse("no mount in the mount table holds it");
  if (mount->type == "btrfs") return walk.btrfs(mount->source);
  return walk.refuse("file system type " + mount->type + " on " + mount->point +
                     " stands on no block device that can be examined");
}

}  // namespace

BlockVerdict examine_device(DeviceNumber device, const std::string& directory,
                            const BlockView& view) {
  Walk walk(view);
  const bool encrypted =
      device.major == 0 ? examine_anonymous(walk, directory, view) : walk.number(device);
  return encrypted ? std::move(walk).accepted() : std::move(walk).refused(directory);
}

SysResult<BlockVerdict> examine_directory(const std::string& directory, const BlockView& view) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return last_error("stat", directory);
  if (!S_ISDIR(status.st_mode)) return SysError{"stat", directory, ENOTDIR};
  return examine_device({major(status.st_dev), minor(status.st_dev)}, directory, view);
}

}  // namespace covfefe::os
