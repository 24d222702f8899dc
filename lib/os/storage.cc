// SPDX-License-Identifier: Apache-2.0
#include "os/storage.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cstdio>
#include <optional>
#include <sstream>
#include <vector>

#include "os/clock.h"
#include "os/files.h"
#include "os/mounts.h"
#include "os/poll.h"

namespace covfefe::os {
namespace {

constexpr std::size_t kMostFstab = 1 << 20;
constexpr std::size_t kMostTable = 4 << 20;
// The volume may have come after a unit's namespace was made and before the watch: it is not in
// what this process sees, and nothing changes any more.
constexpr Duration kLongestWait = Duration::seconds(30);

// The deepest mount point that fstab names at the directory or above it, the root left out.
std::optional<std::string> named_in_fstab(const std::string& directory, const std::string& fstab) {
  const SysResult<std::string> text = read_text(fstab, kMostFstab);
  if (!text) return std::nullopt;
  std::optional<std::string> best;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string source, point;
    if (!(words >> source >> point) || source.starts_with('#')) continue;
    while (point.size() > 1 && point.ends_with('/')) point.pop_back();
    if (point == "/" || !is_at_or_above(point, directory)) continue;
    if (!best || point.size() > best->size()) best = point;
  }
  return best;
}

std::string to_mount(const std::string& point) {
  return "mount it: systemctl start " + mount_unit(point);
}

// Does the directory show what lies below the mount point on the disk that holds the point's
// parent?
bool shows_what_lies_below(const std::string& directory, const std::string& point,
                           const std::string& mountinfo) {
  const SysResult<std::string> table = read_text(mountinfo, kMostTable);
  if (!table) return false;
  const std::vector<Mount> mounts = parse_mountinfo(*table);
  const std::optional<Mount> mount = mount_of(mounts, directory);
  if (!mount || mount->point == point) return false;
  if (mount->point.size() < point.size()) return true;
  // A unit's namespace mounts the directory itself: what of its file system is told by the root.
  return mount->root.ends_with(point.substr(point.rfind('/')) + mount->point.substr(point.size()));
}

StorageRefusal missing(const std::string& directory, const std::optional<std::string>& point) {
  if (point) {
    return {directory + " is not there: " + *point + " is a volume of /etc/fstab, and not mounted",
            to_mount(*point)};
  }
  return {directory + " is not there", "make it: systemd-tmpfiles --create covfefe.conf"};
}

}  // namespace

StorageRefusal examine_storage(const std::string& directory, const StorageView& view) {
  const SysResult<BlockVerdict> verdict = examine_directory(directory, view.block);
  const std::optional<std::string> point = named_in_fstab(directory, view.fstab);
  if (!verdict && verdict.error().number == ENOENT) return missing(directory, point);
  if (!verdict) return {verdict.error().text(), "see that the directory can be reached"};
  if (verdict->encrypted) return {};
  if (point && shows_what_lies_below(directory, *point, view.block.mountinfo)) {
    return {verdict->reason + "; " + *point + " is a volume of /etc/fstab, and not mounted",
            to_mount(*point)};
  }
  return {verdict->reason, verdict->fix};
}

std::string mount_unit(const std::string& point) {
  // systemd.unit(5), "String Escaping for Inclusion in Unit Names".
  std::string out;
  for (std::size_t i = 1; i < point.size(); ++i) {
    const char c = point[i];
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '_' ||
                       (c == '.' && i > 1);
    if (plain || c == '/') {
      out += c == '/' ? '-' : c;
      continue;
    }
    std::array<char, 5> code{};
    (void)std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(c));
    out += code.data();
  }
  return (out.empty() ? "-" : out) + ".mount";
}

SysResult<MountWatch> MountWatch::open(const std::string& directory, const std::string& table) {
  Fd fd(::open(table.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return last_error("open", table);
  MountWatch watch(std::move(fd), directory);
  SysResult<std::string> now = watch.mounts();
  if (!now) return now.error();
  watch.before_ = std::move(*now);
  return watch;
}

bool MountWatch::changed() const {
  const SysResult<std::string> now = mounts();
  return now.ok() && *now != before_;
}

SysResult<std::string> MountWatch::mounts() const {
  std::string text;
  std::array<char, 16'384> part{};
  while (text.size() < kMostTable) {
    const ssize_t n =
        ::pread(table_.number(), part.data(), part.size(), static_cast<off_t>(text.size()));
    if (n < 0) return last_error("read", "the mount table");
    if (n == 0) break;
    text.append(part.data(), static_cast<std::size_t>(n));
  }
  std::string out;
  for (const Mount& mount : parse_mountinfo(text)) {
    if (mount.point != kVolumeOfUnit && !is_at_or_above(mount.point, directory_)) continue;
    out += mount.id + ' ' + mount.point + (mount.follows.empty() ? "" : " follows") + '\n';
  }
  return out;
}

Expected<MountWatch, std::string> secure_storage(const StorageDemand& demand, Notifier& notifier,
                                                 Log& log) {
  // Before the look, so that no change falls between the two.
  SysResult<MountWatch> watch = MountWatch::open(demand.directory);
  if (!watch) return watch.error().text();
  if (!demand.luks) return std::move(*watch);
  const StorageRefusal refusal = examine_storage(demand.directory);
  if (refusal.reason.empty()) return std::move(*watch);
  const std::string text = "storage.require_luks: " + refusal.reason + "; " + refusal.fix;
  if (!demand.wait) return text;
  log.record(Level::Error, "storage-refused", {{"why", refusal.reason}, {"next", refusal.fix}});
  notifier.status("waits for its volume: " + text);
  notifier.ready();
  const Instant end = monotonic_now() + kLongestWait;
  while (!watch->changed() && monotonic_now() < end) {
    (void)wait({}, monotonic_now() + kMountsEvery);
    notifier.alive();
  }
  return "looking at the mounts of " + demand.directory + " anew";
}

}  // namespace covfefe::os
