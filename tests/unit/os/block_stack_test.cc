// SPDX-License-Identifier: Apache-2.0
// Block stacks as directories that look like /sys. Devices live in devices/, as in the kernel's
// tree, and dev/block, class/block and slaves/ point to them.
#include "os/block_stack.h"

#include <doctest/doctest.h>

#include "os/mounts.h"
#include "tests/support/temporary_directory.h"

using namespace covfefe;
namespace fs = std::filesystem;

namespace {

class Fixture {
 public:
  Fixture() {
    for (const char* each : {"devices", "dev/block", "class/block", "fs/btrfs"}) {
      fs::create_directories(sys_ / each);
    }
    mounts("");
  }

  // A block device at `inside` (empty for a whole disk) with its number.
  void device(const std::string& name, const std::string& number, const std::string& inside = "") {
    const fs::path real = sys_ / "devices" / inside / name;
    fs::create_directories(real);
    fs::create_directory_symlink(real, sys_ / "dev/block" / number);
    fs::create_directory_symlink(real, sys_ / "class/block" / name);
    dir_.write("sys/class/block/" + name + "/dev", number + "\n");
    if (inside.empty()) {
      fs::create_directory(real / "slaves");
    } else {
      dir_.write("sys/class/block/" + name + "/partition", "1\n");
    }
  }
  void mapper(const std::string& name, const std::string& number, const std::string& uuid) {
    device(name, number);
    dir_.write("sys/devices/" + name + "/dm/uuid", uuid + "\n");
    dir_.write("sys/devices/" + name + "/dm/name", name + "_name\n");
  }
  void stands_on(const std::string& upper, const std::string& lower) {
    fs::create_directory_symlink(sys_ / "class/block" / lower,
                                 sys_ / "devices" / upper / "slaves" / lower);
  }
  void attribute(const std::string& path, const std::string& text) {
    dir_.write("sys/" + path, text);
  }
  void mounts(const std::string& table) { dir_.write("mountinfo", table); }

  [[nodiscard]] os::BlockView view() const { return {sys_.string(), dir_ / "mountinfo"}; }
  [[nodiscard]] os::BlockVerdict at(std::uint32_t major, std::uint32_t minor) const {
    return os::examine_device({major, minor}, "/srv/data", view());
  }

 private:
  test::TemporaryDirectory dir_;
  fs::path sys_ = dir_ / "sys";
};

bool says(const os::BlockVerdict& verdict, const char* words) {
  return verdict.reason.find(words) != std::string::npos;
}

std::string chain(const os::BlockVerdict& verdict) {
  std::string all;
  for (const std::string& finding : verdict.findings) all += finding + "; ";
  return all;
}

constexpr const char* kLuks2 = "CRYPT-LUKS2-0123456789abcdef0123456789abcdef-data";
constexpr const char* kLuks1 = "CRYPT-LUKS1-0123456789abcdef0123456789abcdef-data";

}  // namespace

TEST_CASE("a LUKS1 and a LUKS2 device are encrypted") {
  Fixture f;
  f.mapper("dm-0", "254:0", kLuks2);
  f.mapper("dm-1", "254:1", kLuks1);
  CHECK(f.at(254, 0).encrypted);
  CHECK(f.at(254, 0).reason.empty());
  CHECK(chain(f.at(254, 1)) == "dm-1 is CRYPT-LUKS1; ");
}

TEST_CASE("LVM on LUKS is encrypted, and every layer is told") {
  Fixture f;
  f.mapper("dm-0", "254:0", kLuks2);
  f.mapper("dm-1", "254:1", "LVM-abcdef");
  f.stands_on("dm-1", "dm-0");
  const auto verdict = f.at(254, 1);
  CHECK(verdict.encrypted);
  CHECK(chain(verdict) ==
        "dm-1 (LVM) is not LUKS itself and stands on dm-0; dm-0 is CRYPT-LUKS2; ");
}

TEST_CASE("a bare disk and a bare partition are refused with the fix") {
  Fixture f;
  f.device("vda", "253:0");
  f.device("vda1", "253:1", "vda");
  const auto disk = f.at(253, 0);
  CHECK_FALSE(disk.encrypted);
  CHECK(disk.reason == "/srv/data is not on a LUKS volume: vda is not encrypted by LUKS");
  CHECK(disk.fix.find("storage.require_luks: no") != std::string::npos);
  const auto partition = f.at(253, 1);
  CHECK(says(partition, "vda is not encrypted by LUKS"));
  CHECK(chain(partition) ==
        "vda1 is a partition of vda; vda is not LUKS and has no device below; ");
}

TEST_CASE("plain dm-crypt, verity and integrity are not encryption by LUKS") {
  for (const char* kind : {"CRYPT-PLAIN", "CRYPT-VERITY", "CRYPT-INTEGRITY"}) {
    Fixture f;
    f.device("sda", "8:0");
    f.mapper("dm-0", "254:0", std::string(kind) + "-0123-data");
    f.stands_on("dm-0", "sda");
    const auto verdict = f.at(254, 0);
    CHECK_FALSE(verdict.encrypted);
    CHECK(says(verdict, "sda is not encrypted by LUKS"));
    CHECK(chain(verdict).find("dm-0 (" + std::string(kind) + ") is not LUKS itself") == 0);
  }
}

TEST_CASE("a uuid that only resembles LUKS does not count") {
  for (const char* uuid : {"CRYPT-LUKS3-01-x", "CRYPT-LUKS2", "LUKS2-01-x", "xCRYPT-LUKS2-01-x"}) {
    Fixture f;
    f.mapper("dm-0", "254:0", uuid);
    CHECK_FALSE(f.at(254, 0).encrypted);
  }
}

TEST_CASE("verity over LUKS is encrypted") {
  Fixture f;
  f.mapper("dm-0", "254:0", kLuks2);
  f.mapper("dm-1", "254:1", "CRYPT-VERITY-0123-x");
  f.stands_on("dm-1", "dm-0");
  CHECK(f.at(254, 1).encrypted);
}

TEST_CASE("of several slaves all must be LUKS") {
  Fixture f;
  f.mapper("dm-0", "254:0", kLuks2);
  f.mapper("dm-1", "254:1", kLuks1);
  f.device("sdb", "8:16");
  f.mapper("dm-2", "254:2", "LVM-both");
  f.stands_on("dm-2", "dm-0");
  f.stands_on("dm-2", "dm-1");
  CHECK(f.at(254, 2).encrypted);
  f.stands_on("dm-2", "sdb");
  CHECK_FALSE(f.at(254, 2).encrypted);
  CHECK(says(f.at(254, 2), "sdb is not encrypted by LUKS"));
}

TEST_CASE("a RAID partition is judged by what the RAID stands on") {
  Fixture f;
  f.mapper("dm-0", "254:0", kLuks2);
  f.mapper("dm-1", "254:1", kLuks2);
  f.device("md0", "9:0");
  f.device("md0p1", "259:0", "md0");
  f.stands_on("md0", "dm-0");
  f.stands_on("md0", "dm-1");
  CHECK(f.at(259, 0).encrypted);
}

TEST_CASE("ten layers are walked, an eleventh is refused, and a circle ends") {
  Fixture f;
  f.mapper("dm-0", "254:0", kLuks2);
  for (int i = 1; i <= 10; ++i) {
    f.mapper("dm-" + std::to_string(i), "254:" + std::to_string(i), "LVM-x");
    f.stands_on("dm-" + std::to_string(i), "dm-" + std::to_string(i - 1));
  }
  CHECK(f.at(254, 9).encrypted);
  CHECK_FALSE(f.at(254, 10).encrypted);
  CHECK(says(f.at(254, 10), "nested deeper than 10"));
  f.mapper("dm-20", "254:20", "LVM-x");
  f.mapper("dm-21", "254:21", "LVM-x");
  f.stands_on("dm-20", "dm-21");
  f.stands_on("dm-21", "dm-20");
  CHECK(says(f.at(254, 20), "nested deeper than 10"));
}

TEST_CASE("a stack that is wide at every layer ends too") {
  Fixture f;
  for (int layer = 0; layer < 9; ++layer) {
    for (int i = 0; i < 3; ++i) {
      const std::string name = "dm-" + std::to_string(layer * 3 + i);
      f.mapper(name, "254:" + std::to_string(layer * 3 + i), layer == 0 ? kLuks2 : "LVM-x");
      for (int j = 0; layer > 0 && j < 3; ++j) {
        f.stands_on(name, "dm-" + std::to_string((layer - 1) * 3 + j));
      }
    }
  }
  CHECK(f.at(254, 5).encrypted);
  CHECK(says(f.at(254, 26), "more than 64"));
}

TEST_CASE("loop devices are refused, by number and by what they are") {
  Fixture f;
  f.device("loop0", "7:0");
  f.device("loop0p1", "259:5", "loop0");
  f.attribute("devices/loop0/loop/backing_file", "/srv/image\n");
  CHECK(says(f.at(7, 0), "is a loop device"));
  CHECK(says(f.at(259, 5), "loop0 is a loop device"));
}

TEST_CASE("a device that the kernel does not show is refused") {
  Fixture f;
  CHECK(says(f.at(8, 99), "block device 8:99 is not in /sys/dev/block"));
  f.mapper("dm-1", "254:1", "LVM-x");
  fs::create_directory_symlink("nowhere", f.view().sys + "/devices/dm-1/slaves/sdz");
  CHECK(says(f.at(254, 1), "sdz, below dm-1"));
}

TEST_CASE("btrfs is judged by all its devices, not by the one in the mount table") {
  Fixture f;
  f.mapper("dm-0", "254:0", kLuks2);
  f.device("sdb", "8:16");
  f.mounts("30 1 0:26 / / rw - btrfs /dev/mapper/dm-0_name rw,subvol=/\n");
  CHECK(says(f.at(0, 50), "cannot be listed"));
  fs::create_directories(f.view().sys + "/fs/btrfs/uuid-1/devices");
  fs::create_directory_symlink(f.view().sys + "/class/block/dm-0",
                               f.view().sys + "/fs/btrfs/uuid-1/devices/dm-0");
  CHECK(f.at(0, 50).encrypted);
  fs::create_directory_symlink(f.view().sys + "/class/block/sdb",
                               f.view().sys + "/fs/btrfs/uuid-1/devices/sdb");
  CHECK(says(f.at(0, 50), "sdb is not encrypted by LUKS"));
  f.mounts("30 1 0:26 / / rw - btrfs /dev/sdb rw,subvol=/\n");
  CHECK_FALSE(f.at(0, 50).encrypted);
  f.mounts("30 1 0:26 / / rw - btrfs /dev/mapper/other rw,subvol=/\n");
  CHECK(says(f.at(0, 50), "not a block device that is known"));
}

TEST_CASE("overlay, tmpfs and an unreadable mount table are refused with their names") {
  Fixture f;
  f.mounts(
      "30 1 0:26 / / rw - overlay overlay rw\n"
      "31 30 0:27 / /srv rw - tmpfs tmpfs rw\n");
  CHECK(says(f.at(0, 27), "file system type tmpfs on /srv"));
  CHECK(says(os::examine_device({0, 26}, "/var", f.view()), "file system type overlay on /"));
  os::BlockView gone = f.view();
  gone.mountinfo += "-gone";
  CHECK(says(os::examine_device({0, 26}, "/var", gone), "mount table cannot be read"));
  f.mounts("");
  CHECK(says(f.at(0, 27), "no mount in the mount table"));
}

TEST_CASE("a directory of this machine is examined by its own device") {
  test::TemporaryDirectory dir;
  dir.write("file", "x");
  REQUIRE(os::examine_directory(dir.text()).ok());
  CHECK(os::examine_directory(dir / "nothing").error().number == ENOENT);
  CHECK(os::examine_directory(dir / "file").error().number == ENOTDIR);
}

TEST_CASE("the mount table's escapes are undone and lines of another shape are left out") {
  const auto mounts = os::parse_mountinfo(
      "30 1 8:1 / / rw shared:1 master:2 - ext4 /dev/sda1 rw\n"
      "garbage\n\n"
      "31 1 8:2 / relative rw - ext4 /dev/sda2 rw\n"
      "32 1 8:3 / /a\\040b\\134 rw - fuse.x some\\011where rw\n"
      "33 1 8:4 / /no-dash rw ext4 /dev/sda4 rw\n"
      "34 1 8:5 / /bad\\04 rw - xfs src rw");
  REQUIRE(mounts.size() == 3);
  CHECK(mounts[0].source == "/dev/sda1");
  CHECK(mounts[1].point == "/a b\\");
  CHECK(mounts[1].source == "some\twhere");
  CHECK(mounts[2].point == "/bad\\04");
}

TEST_CASE("the mount of a path is the longest whole prefix, and the last of equals") {
  const std::vector<os::Mount> mounts{
      {"/", "ext4", "root"}, {"/srv", "xfs", "old"}, {"/srv", "tmpfs", "top"}, {"/srvx", "a", "b"}};
  CHECK(os::mount_of(mounts, "/srv/data")->source == "top");
  CHECK(os::mount_of(mounts, "/srv")->source == "top");
  CHECK(os::mount_of(mounts, "/srvy")->source == "root");
  CHECK_FALSE(os::mount_of({}, "/srv").has_value());
}
