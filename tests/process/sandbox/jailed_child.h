// SPDX-License-Identifier: Apache-2.0
// Forks a child, confines it, lets it act and says what became of it. The parent needs root.
#pragma once

#include <sys/types.h>

#include <string>

#include "sandbox/confine.h"
#include "tests/process/sandbox/jail_acts.h"

namespace covfefe::test {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

class Node {
 public:
  Node();
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::string state_of(const sandbox::Policy& policy) const;

 private:
  std::string root_;
};
// A --root with the state directories of keystore and peerdb, owned as they should be.

struct Trial {
  const sandbox::Policy& policy;
  sandbox::UnknownCall unknown;
  std::string root;
  std::string directory = "/";  // where the child stands when it acts
};

[[nodiscard]] std::string happens(const Trial& trial, Act act);
// "works", "dies" (SIGSYS), "aborts" or the name of an errno.

[[nodiscard]] std::string in_release(const sandbox::Policy& policy, Act act);
[[nodiscard]] std::string in_tests(const sandbox::Policy& policy, Act act);
// The same in a fresh Node, with unlisted calls getting ENOSYS and with them being the end.

[[nodiscard]] int outcome_of(pid_t child);
// Waits; the exit code, or -1 if a signal ended it.

[[nodiscard]] bool can_jail();
// Says why when it cannot.

}  // namespace covfefe::test
