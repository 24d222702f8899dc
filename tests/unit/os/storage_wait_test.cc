// SPDX-License-Identifier: Apache-2.0
// A service that waits for its volume: this process gets a mount namespace of its own for it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "os/notify_socket.h"
#include "os/storage.h"
#include "tests/support/temporary_directory.h"

using namespace covfefe;

namespace {

class OwnMounts {
 public:
  OwnMounts() : before_(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)) {
    made_ = ::unshare(CLONE_NEWNS) == 0 &&
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }
  OwnMounts(const OwnMounts&) = delete;
  OwnMounts& operator=(const OwnMounts&) = delete;
  ~OwnMounts() {
    if (made_) ::setns(before_.number(), CLONE_NEWNS);
  }
  [[nodiscard]] bool made() const { return made_; }

 private:
  os::Fd before_;
  bool made_ = false;
};

struct Lines final : Log {
  void write(Level level, std::string_view line) override {
    errors += level == Level::Error;
    text += line;
  }
  int errors = 0;
  std::string text;
};

// What systemd would hear.
class Supervisor {
 public:
  explicit Supervisor(const std::string& path) : socket_(*os::bind_datagram(path)) {
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  [[nodiscard]] std::string next() const {
    pollfd one{socket_.number(), POLLIN, 0};
    if (::poll(&one, 1, 10'000) != 1) return "nothing in ten seconds";
    return os::receive_datagram(socket_).value_or("");
  }

 private:
  os::Fd socket_;
};

std::optional<std::string> error_of(const os::StorageDemand& demand, os::Notifier& notifier,
                                    Log& log) {
  const auto got = os::secure_storage(demand, notifier, log);
  return got.ok() ? std::nullopt : std::optional(got.error());
}

}  // namespace

TEST_CASE("a service without its volume says so, is alive, and looks anew when a mount comes") {
  const OwnMounts own;
  if (!own.made()) {
    MESSAGE("not tested: mount namespaces need root");
    return;
  }
  const test::TemporaryDirectory dir;
  const std::string volume = dir / "volume";
  std::filesystem::create_directory(volume);
  const Supervisor supervisor(dir / "notify");
  auto notifier = os::Notifier::from_environment();
  REQUIRE(notifier.ok());
  Lines log;
  std::vector<std::string> heard;
  bool mounted = false;
  std::thread operator_of([&] {
    while (heard.size() < 3) heard.push_back(supervisor.next());
    mounted = ::mount("none", volume.c_str(), "tmpfs", 0, "size=64k") == 0;
  });
  const auto error = error_of({volume, true, true}, *notifier, log);
  operator_of.join();
  REQUIRE(mounted);
  CHECK(error == "looking at the mounts of " + volume + " anew");
  CHECK(heard[0].find("STATUS=waits for its volume: storage.require_luks: " + volume) == 0);
  CHECK(heard[1] == "READY=1");
  CHECK(heard[2] == "WATCHDOG=1");
  CHECK(log.errors == 1);
  CHECK(log.text.find("storage-refused") != std::string::npos);
  REQUIRE(::umount(volume.c_str()) == 0);
}

TEST_CASE("what cannot be looked at is refused with what the kernel said") {
  const test::TemporaryDirectory dir;
  dir.write("file", "");
  const os::StorageRefusal refusal = os::examine_storage(dir / "file/keystore");
  CHECK(refusal.reason.find("Not a directory") != std::string::npos);
  CHECK(refusal.fix == "see that the directory can be reached");
}

TEST_CASE("a mount table that cannot be opened or read is no watch") {
  const test::TemporaryDirectory dir;
  const auto missing = os::MountWatch::open("/", dir / "missing");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().number == ENOENT);
  const auto directory = os::MountWatch::open("/", dir.text());
  REQUIRE_FALSE(directory.ok());
  CHECK(directory.error().number == EISDIR);
}
