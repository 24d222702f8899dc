// SPDX-License-Identifier: Apache-2.0
// What a process reads of its own jail, beside what the kernel answers when asked otherwise.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <optional>
#include <thread>

#include "os/jail_state.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/os/narrowed.h"

using namespace covfefe;

TEST_CASE("a process reads of itself what the kernel answers") {
  const auto probe = os::JailProbe::open();
  REQUIRE(probe.ok());
  const auto state = probe->read();
  REQUIRE(state.ok());
  CHECK(state->pid == ::getpid());
  CHECK(state->pid == os::own_pid());
  CHECK(state->uid == ::geteuid());
  CHECK(state->gid == ::getegid());
  CHECK(state->no_new_privs == (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1));
  CHECK(state->dumpable == (::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1));
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[2]{};
  REQUIRE(::syscall(SYS_capget, &head, held) == 0);
  CHECK(state->capabilities ==
        (held[0].effective | static_cast<std::uint64_t>(held[1].effective) << 32));
}

TEST_CASE("a jail is not read without a descriptor, and not taken for open") {
  std::optional<SysResult<os::JailProbe>> probe;
  {
    const test::NoDescriptors here;
    probe.emplace(os::JailProbe::open());
  }
  REQUIRE_FALSE(probe->ok());
  CHECK(probe->error().number == EMFILE);
  CHECK(probe->error().object == "/proc/self/status");
}

TEST_CASE("where prctl is refused the owner of the status file tells who may look into a process") {
  const test::TemporaryDirectory dir;
  dir.write("status", "");
  const os::Fd status(::open((dir / "status").c_str(), O_RDONLY | O_CLOEXEC));
  struct stat file {};
  REQUIRE(::fstat(status.number(), &file) == 0);
  const std::uint32_t owner = file.st_uid == 0 ? 1'000 : file.st_uid;
  if (file.st_uid != owner) REQUIRE(::fchown(status.number(), owner, owner) == 0);
  bool refused = false;
  std::optional<SysResult<bool>> own, other, root, closed;
  std::thread([&] {
    refused = test::refuse_call({SYS_prctl, PR_GET_DUMPABLE, EPERM});
    own.emplace(os::is_dumpable(status, owner));
    other.emplace(os::is_dumpable(status, owner + 1));
    root.emplace(os::is_dumpable(status, 0));
    closed.emplace(os::is_dumpable(os::Fd(), owner));
  }).join();
  REQUIRE(refused);
  CHECK(own->value());
  CHECK_FALSE(other->value());
  REQUIRE_FALSE(root->ok());
  CHECK(root->error().number == EPERM);
  REQUIRE_FALSE(closed->ok());
  CHECK(closed->error().number == EBADF);
}
