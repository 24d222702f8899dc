// SPDX-License-Identifier: Apache-2.0
// What a process reads of its own jail, beside what the kernel answers when asked otherwise.
#include <doctest/doctest.h>

#include <optional>

#include "os/jail_state.h"
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
