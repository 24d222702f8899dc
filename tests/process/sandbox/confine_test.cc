// SPDX-License-Identifier: Apache-2.0
// When confine() succeeds, what it reports, and when it refuses.
#include <cap-ng.h>
#include <doctest/doctest.h>
#include <grp.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "sandbox/landlock.h"
#include "sandbox/privileges.h"
#include "tests/process/sandbox/jailed_child.h"

namespace covfefe::test {

using sandbox::Policy;
using sandbox::UnknownCall;

namespace {

int check_report(const Trial& trial, std::uint64_t capabilities) {
  const int landlock = sandbox::landlock_abi();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto jailed = sandbox::confine(0, trial.policy, {trial.unknown, trial.root});
    if (!jailed.ok()) ::_exit(99);
    const sandbox::JailReport& report = jailed.value().report();
    const bool holds = report.no_new_privs && !report.dumpable && report.seccomp == 2 &&
                       report.capabilities == capabilities && report.syscalls > 20 &&
                       report.uid == trial.policy.user.reserved_id &&
                       report.gid == trial.policy.user.reserved_id && report.landlock == landlock;
    ::_exit(holds ? 0 : 1);
  }
  return outcome_of(child);
}

int confine_outcome(void (*before)(const Node&), const Policy& policy = sandbox::kKeystore) {
  const Node node;
  const pid_t child = ::fork();
  if (child == 0) {
    before(node);
    const auto jailed = sandbox::confine(0, policy, {UnknownCall::Kill, node.root()});
    ::_exit(jailed.ok() ? 0 : jailed.error().number);
  }
  return outcome_of(child);
}

// What a unit leaves to a service: nothing to give up, and no call to give it up by.
void settle_as_a_unit(const Node&) {
  const auto id = sandbox::kKeystore.user.reserved_id;
  capng_clear(CAPNG_SELECT_ALL);
  if (capng_apply(CAPNG_SELECT_BOUNDS) != 0 || ::setgroups(0, nullptr) != 0) ::_exit(97);
  if (::setresgid(id, id, id) != 0 || ::setresuid(id, id, id) != 0) ::_exit(98);
}

void forbid_to_settle(const Node&) {
  void* filter = ::seccomp_init(SCMP_ACT_ALLOW);
  for (const int call : {SCMP_SYS(prctl), SCMP_SYS(capset), SCMP_SYS(setgroups)}) {
    if (::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0) != 0) ::_exit(95);
  }
  if (::seccomp_load(filter) != 0) ::_exit(96);
}

void* wait_forever(void*) {
  for (;;) ::pause();
}

}  // namespace

TEST_CASE("the report says what the kernel says") {
  if (!can_jail()) return;
  constexpr std::uint64_t kNetAdmin = 1ULL << 12;
  const Node node;
  for (const Policy* policy : sandbox::all_policies()) {
    CAPTURE(policy->service);
    const std::uint64_t kept = policy->service == "tun-helper" ? kNetAdmin : 0;
    CHECK(check_report({*policy, UnknownCall::Enosys, node.root()}, kept) == 0);
  }
}

TEST_CASE("a process that already has a thread cannot be confined") {
  if (!can_jail()) return;
  CHECK(confine_outcome([](const Node&) {
          pthread_t thread{};
          ::pthread_create(&thread, nullptr, &wait_forever, nullptr);
        }) == EBUSY);
}

TEST_CASE("a process started as another user cannot be confined") {
  if (!can_jail()) return;
  CHECK(confine_outcome([](const Node&) {
          if (::setresgid(1234, 1234, 1234) != 0 || ::setresuid(1234, 1234, 1234) != 0) ::_exit(99);
        }) == EPERM);
}

TEST_CASE("a process that already is its user, as under systemd, is confined") {
  if (!can_jail()) return;
  CHECK(confine_outcome([](const Node&) {
          const auto id = sandbox::kKeystore.user.reserved_id;
          // systemd drops groups and the bounding set before it changes the user.
          if (::setgroups(0, nullptr) != 0) ::_exit(97);
          for (unsigned long capability = 0; capability < 64; ++capability) {
            ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
          }
          if (::setresgid(id, id, id) != 0 || ::setresuid(id, id, id) != 0) ::_exit(98);
        }) == 0);
}

TEST_CASE("a root process that has one capability already, as under systemd, is confined") {
  if (!can_jail()) return;
  const auto only_net_admin = [](const Node&) {
    if (::setgroups(0, nullptr) != 0) ::_exit(97);
    capng_clear(CAPNG_SELECT_ALL);
    const auto everywhere =
        static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET);
    capng_update(CAPNG_ADD, everywhere, CAP_NET_ADMIN);
    if (capng_apply(CAPNG_SELECT_ALL) != 0) ::_exit(98);
  };
  CHECK(confine_outcome(only_net_admin, sandbox::kTunHelper) == 0);
}

TEST_CASE("a process whose unit has dropped everything and forbidden prctl is confined") {
  if (!can_jail()) return;
  CHECK(confine_outcome([](const Node& node) {
          settle_as_a_unit(node);
          ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
          forbid_to_settle(node);
        }) == 0);
}

TEST_CASE("a dumpable process that may not call prctl is not confined") {
  if (!can_jail()) return;
  CHECK(confine_outcome([](const Node& node) {
          settle_as_a_unit(node);
          ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
          forbid_to_settle(node);
        }) == EPERM);
}

TEST_CASE("a process that was to end with its launcher still is, as another user") {
  if (!can_jail()) return;
  const Node node;
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const auto owner = sandbox::ids_for(sandbox::kKeystore, node.root());
    if (!sandbox::drop_privileges(sandbox::kKeystore, owner.value()).ok()) ::_exit(99);
    int signal = 0;
    ::prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0);
    ::_exit(signal == SIGKILL ? 0 : 1);
  }
  CHECK(outcome_of(child) == 0);
}

TEST_CASE("a process that kept a bounding set is not confined in silence") {
  if (!can_jail()) return;
  CHECK(confine_outcome([](const Node&) {
          const auto id = sandbox::kKeystore.user.reserved_id;
          if (::setgroups(0, nullptr) != 0) ::_exit(97);
          if (::setresgid(id, id, id) != 0 || ::setresuid(id, id, id) != 0) ::_exit(98);
        }) == EPERM);
}

TEST_CASE("a state directory that is not there stops the start") {
  if (!can_jail() || sandbox::landlock_abi() == 0) return;
  CHECK(confine_outcome([](const Node& node) {
          std::filesystem::remove(node.state_of(sandbox::kKeystore));
        }) == ENOENT);
}

}  // namespace covfefe::test
