// SPDX-License-Identifier: Apache-2.0
// A volume that is missing, and one that goes away. The tables are files; no device is LUKS here.
#include "os/storage.h"

#include <doctest/doctest.h>

#include <array>
#include <initializer_list>

#include "tests/support/temporary_directory.h"

using namespace covfefe;

namespace {

constexpr const char* kFstab =
    "# <file system> <mount point> …\n"
    "/dev/vda / ext4 noatime 0 1\n"
    "/dev/mapper/covfefe  DIR/lib/covfefe/ ext4 nofail 0 2\n"
    "/dev/mapper/other DIR/lib/covfefe-old ext4 nofail 0 2\n";

class Fixture {
 public:
  Fixture() { std::filesystem::create_directories(lib_ + "/covfefe/keystore"); }

  void fstab(std::string text) {
    for (std::size_t at; (at = text.find("DIR")) != std::string::npos;) text.replace(at, 3, dir());
    dir_.write("fstab", text);
  }
  // "ID ROOT POINT TAG" for each mount
  void mounts(std::initializer_list<std::array<std::string, 4>> all) {
    std::string table;
    for (const auto& [id, root, point, tag] : all) {
      table += id + " 1 254:0 " + root + " " + point + " rw,relatime " + tag + "- ext4 /dev/x rw\n";
    }
    dir_.write("mountinfo", table);
  }
  [[nodiscard]] os::StorageRefusal refusal(const std::string& directory) const {
    return os::examine_storage(directory, {{dir_ / "sys", dir_ / "mountinfo"}, dir_ / "fstab"});
  }
  [[nodiscard]] os::MountWatch watch() const {
    auto opened = os::MountWatch::open(keystore(), dir_ / "mountinfo");
    REQUIRE(opened.ok());
    return std::move(*opened);
  }
  [[nodiscard]] std::string dir() const { return dir_.text(); }
  [[nodiscard]] std::string point() const { return lib_ + "/covfefe"; }
  [[nodiscard]] std::string keystore() const { return lib_ + "/covfefe/keystore"; }

 private:
  test::TemporaryDirectory dir_;
  std::string lib_ = dir_ / "lib";
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a directory below a mount point that shows the disk underneath is to be mounted") {
  Fixture f;
  f.fstab(kFstab);
  f.mounts({{"20", "/", "/", ""}});
  const os::StorageRefusal refusal = f.refusal(f.keystore());
  CHECK(contains(refusal.reason, "is not on a LUKS volume"));
  CHECK(contains(refusal.reason, f.point() + " is a volume of /etc/fstab, and not mounted"));
  CHECK(refusal.fix == "mount it: systemctl start " + os::mount_unit(f.point()));
}

TEST_CASE("the same in a unit's namespace, where the directory is a mount of its own") {
  Fixture f;
  f.fstab(kFstab);
  f.mounts({{"20", "/", "/", ""}, {"21", f.keystore(), f.keystore(), "master:1 "}});
  CHECK(contains(f.refusal(f.keystore()).fix, "mount it"));
  f.mounts({{"20", "/", "/", ""}, {"21", "/keystore", f.keystore(), "master:1 "}});
  CHECK_FALSE(contains(f.refusal(f.keystore()).fix, "mount it"));
}

TEST_CASE("a volume that is mounted and not LUKS is to be moved, not mounted") {
  Fixture f;
  f.fstab(kFstab);
  f.mounts({{"20", "/", "/", ""}, {"21", "/", f.point(), ""}});
  CHECK(contains(f.refusal(f.keystore()).fix, "cryptsetup luksFormat"));
}

TEST_CASE("a directory that is missing is to be mounted if fstab knows it, else to be made") {
  Fixture f;
  f.fstab(kFstab);
  f.mounts({{"20", "/", "/", ""}});
  CHECK(contains(f.refusal(f.point() + "/peerdb").fix, "mount it"));
  CHECK(contains(f.refusal(f.dir() + "/lib/covfefe-new").fix, "systemd-tmpfiles --create"));
}

TEST_CASE("units of mount points are named as systemd names them") {
  CHECK(os::mount_unit("/var/lib/covfefe") == "var-lib-covfefe.mount");
  CHECK(os::mount_unit("/srv/.a b-c.d") == "srv-.a\\x20b\\x2dc.d.mount");
  CHECK(os::mount_unit("/") == "-.mount");
}

TEST_CASE("mounts at and above the directory are watched, others are not") {
  Fixture f;
  f.mounts({{"20", "/", "/", ""}, {"21", "/", f.point(), ""}});
  const os::MountWatch watch = f.watch();
  f.mounts({{"20", "/", "/", ""}, {"21", "/", f.point(), ""}, {"22", "/", f.point() + "-old", ""}});
  CHECK_FALSE(watch.changed());
  f.mounts({{"20", "/", "/", ""}});
  CHECK(watch.changed());
  f.mounts({{"20", "/", "/", ""}, {"23", "/", f.point(), ""}});
  CHECK(watch.changed());
}

TEST_CASE("a mount in a namespace is gone when the one that it follows is") {
  Fixture f;
  f.mounts({{"20", "/", "/", ""}, {"21", "/keystore", f.keystore(), "shared:7 master:4 "}});
  const os::MountWatch watch = f.watch();
  CHECK_FALSE(watch.changed());
  f.mounts({{"20", "/", "/", ""}, {"21", "/keystore", f.keystore(), "shared:7 "}});
  CHECK(watch.changed());
}

TEST_CASE("in a root directory of its own a unit sees its volume where it is shown for that") {
  Fixture f;
  const std::string shown(os::kVolumeOfUnit);
  f.mounts({{"20", "/roots/keystore", "/", "master:2 "}, {"21", "/", shown, "master:4 "}});
  const os::MountWatch watch = f.watch();
  CHECK_FALSE(watch.changed());
  f.mounts({{"20", "/roots/keystore", "/", "master:2 "},
            {"21", "/", shown, "master:4 "},
            {"22", "/", shown, "master:5 "}});
  CHECK(watch.changed());
  f.mounts({{"20", "/roots/keystore", "/", "master:2 "}, {"21", "/", shown, ""}});
  CHECK(watch.changed());
}

TEST_CASE("a service that may not wait is refused with reason and fix") {
  class Silent final : public Log {
   public:
    void write(Level, std::string_view) override { ++lines; }
    int lines = 0;
  };
  Silent log;
  os::Notifier nobody;
  const auto refused = os::secure_storage({"/proc/self", true, false}, nobody, log);
  REQUIRE_FALSE(refused.ok());
  CHECK(contains(refused.error(), "storage.require_luks: /proc/self is not on a LUKS volume"));
  CHECK(contains(refused.error(), "covfefenet.yaml"));
  CHECK(log.lines == 0);
  CHECK(os::secure_storage({"/proc/self", false, false}, nobody, log).ok());
}
