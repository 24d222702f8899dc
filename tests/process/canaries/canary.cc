// SPDX-License-Identifier: Apache-2.0
// The twin of a service: the same policy, the same kind of descriptors, and nothing to do but what
// a taken process would try.
//
//   canary ours            every act of every service, each in a child that confines itself
//   canary unit SERVICE    every act, one after the other, without confine(): behind the unit alone
//   canary abort SERVICE   confines itself and aborts; canary leave SERVICE: and ends
//
// Prints a line for each act; the exit code is 0 if every outcome is the documented one.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "sandbox/confine.h"
#include "sandbox/landlock.h"
#include "tests/process/canaries/held.h"
#include "tests/process/canaries/table.h"
#include "tests/process/sandbox/jailed_child.h"

namespace covfefe::test {
namespace {

using sandbox::Policy;
using sandbox::UnknownCall;

std::string name_of(int error) {
  const char* name = ::strerrorname_np(error);
  return error == 0 ? "works" : name == nullptr ? std::to_string(error) : name;
}

const Policy* policy_of(std::string_view service) {
  for (const Policy* policy : sandbox::all_policies()) {
    if (policy->service == service) return policy;
  }
  return nullptr;
}

struct Tally {
  int acts = 0;
  int wrong = 0;
  int allowed = 0;
};

struct Result {
  std::string_view service;
  const Row& row;
  std::string outcome;
  std::string_view documented;
};

void report(Tally& tally, const Result& result) {
  const bool right = result.outcome == result.documented;
  const bool denied = result.outcome != "works" && result.outcome != kNotTried;
  ++tally.acts;
  if (!right) ++tally.wrong;
  if (!denied) ++tally.allowed;
  std::string note(denied ? std::string_view{} : result.row.left);
  if (!right) note = "NOT AS DOCUMENTED: " + std::string(result.documented);
  std::printf("%-11s%-46s %-13s%s\n", std::string(result.service).c_str(),
              std::string(result.row.act).c_str(), result.outcome.c_str(), note.c_str());
}

[[noreturn]] void confine_and(const Policy& policy, const std::string& root, pid_t other, Act act) {
  const Held held = hold_as_launched(root.c_str(), other);
  ::signal(SIGABRT, SIG_DFL);
  const auto jailed = sandbox::confine(0, policy, {UnknownCall::Enosys, root});
  if (!jailed.ok()) {
    std::fprintf(stderr, "%s\n", jailed.error().text().c_str());
    ::_exit(200);
  }
  ::_exit(act(held));
}

std::string outcome_in_child(const Policy& policy, const std::string& root, Act act) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) confine_and(policy, root, parent, act);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return "no child";
  if (WIFSIGNALED(status)) {
    return WTERMSIG(status) == SIGSYS ? "SIGSYS" : "signal " + std::to_string(WTERMSIG(status));
  }
  return WEXITSTATUS(status) == 200 ? "not confined" : name_of(WEXITSTATUS(status));
}

int behind_ours() {
  if (!can_jail()) return 77;
  if (sandbox::landlock_abi() == 0) std::puts("this kernel has no Landlock: files are open to all");
  // The TUN device and the packets of this test are nobody else's.
  if (::unshare(CLONE_NEWNET) != 0) return 1;
  const Node node;
  furnish(node.root());
  Tally tally;
  for (const Policy* policy : sandbox::all_policies()) {
    for (const Row& row : rows()) {
      if ((row.who & bit_of(policy->service)) == 0) continue;
      report(tally,
             {policy->service, row, outcome_in_child(*policy, node.root(), row.perform), row.ours});
    }
  }
  std::printf("ours alone: %d acts, %d allowed, %d not as documented\n", tally.acts, tally.allowed,
              tally.wrong);
  return tally.wrong == 0 ? 0 : 1;
}

int behind_unit(const Policy& policy) {
  const std::string_view service = policy.service;
  ::signal(SIGSYS, SIG_IGN);
  const Held held = hold_as_unit();
  start_as_many_threads(policy.threads);
  Tally tally;
  for (const Row& row : rows()) {
    if ((row.who & bit_of(service)) == 0) continue;
    const bool tried = row.unit != kNotTried;
    const std::string outcome = tried ? name_of(row.perform(held)) : std::string(kNotTried);
    report(tally, {service, row, outcome, row.unit});
    std::fflush(stdout);
  }
  std::printf("the unit of %s alone: %d acts, %d allowed, %d not as documented\n",
              std::string(service).c_str(), tally.acts, tally.allowed, tally.wrong);
  return tally.wrong == 0 ? 0 : 1;
}

int end_itself(const Held&) {
  return 0;
}

int main_of(std::span<char* const> words) {
  const std::string_view mode = words.empty() ? "" : words[0];
  if (mode == "ours") return behind_ours();
  const Policy* policy = words.size() == 2 ? policy_of(words[1]) : nullptr;
  if (policy == nullptr) {
    std::fputs("usage: canary ours | canary unit|abort|leave SERVICE\n", stderr);
    return 64;
  }
  if (mode == "unit") return behind_unit(*policy);
  if (::unshare(CLONE_NEWNET) != 0) return 1;
  const Node node;
  furnish(node.root());
  const pid_t child = ::fork();
  if (child == 0) confine_and(*policy, node.root(), 1, mode == "abort" ? abort_itself : end_itself);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return 1;
  return mode == "abort" ? (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? 0 : 1) : status;
}

}  // namespace
}  // namespace covfefe::test

int main(int argc, char** argv) {
  return covfefe::test::main_of({argv + 1, argv + argc});
}
