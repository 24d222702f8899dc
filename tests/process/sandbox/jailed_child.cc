// SPDX-License-Identifier: Apache-2.0
#include "tests/process/sandbox/jailed_child.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace covfefe::test {

using sandbox::Policy;
using sandbox::UnknownCall;

namespace {

constexpr int kConfineFailed = 200;  // no errno reaches it

Held hold() {
  Held held;
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) std::abort();
  held.peer = pair[0];
  held.tun = pair[1];
  const int low = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(low, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) std::abort();
  held.udp = ::fcntl(low, F_DUPFD_CLOEXEC, static_cast<int>(sandbox::kUdpFdWall));
  if (held.udp < 0) std::abort();
  ::close(low);
  return held;
}

[[noreturn]] void live_and_act(const Trial& trial, Act act) {
  const Held held = hold();
  if (::chdir(trial.directory.c_str()) != 0) ::_exit(kConfineFailed);
  ::signal(SIGABRT, SIG_DFL);  // the test framework has its own ideas
  const auto jailed = sandbox::confine(0, trial.policy, {trial.unknown, trial.root});
  if (!jailed.ok()) {
    std::fprintf(stderr, "%s\n", jailed.error().text().c_str());
    ::_exit(kConfineFailed);
  }
  ::_exit(act(held));
}

}  // namespace

Node::Node() {
  char name[] = "/tmp/covfefe-jail-XXXXXX";
  if (::mkdtemp(name) == nullptr || ::chmod(name, 0755) != 0) std::abort();
  root_ = name;
  for (const Policy* policy : {&sandbox::kKeystore, &sandbox::kPeerdb}) {
    const std::string state = state_of(*policy);
    std::filesystem::create_directories(state);
    const auto ids = sandbox::ids_for(*policy, root_);
    if (!ids.ok() || ::chown(state.c_str(), ids.value().uid, ids.value().gid) != 0) std::abort();
  }
}

Node::~Node() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

std::string Node::state_of(const Policy& policy) const {
  return root_ + "/var/lib/covfefe/" + std::string(policy.service);
}

std::string happens(const Trial& trial, Act act) {
  const pid_t child = ::fork();
  if (child == 0) live_and_act(trial, act);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return "no child";
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) return "dies";
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) return "aborts";
  if (!WIFEXITED(status)) return "signal " + std::to_string(WTERMSIG(status));
  const int code = WEXITSTATUS(status);
  if (code == 0) return "works";
  if (code == kConfineFailed) return "not confined";
  const char* name = ::strerrorname_np(code);
  return name == nullptr ? std::to_string(code) : name;
}

std::string in_release(const Policy& policy, Act act) {
  const Node node;
  return happens({policy, UnknownCall::Enosys, node.root()}, act);
}
std::string in_tests(const Policy& policy, Act act) {
  const Node node;
  return happens({policy, UnknownCall::Kill, node.root()}, act);
}

int outcome_of(pid_t child) {
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool can_jail() {
  if (::geteuid() == 0) return true;
  std::puts("skipped: jails need root to give up");
  return false;
}

}  // namespace covfefe::test
