// SPDX-License-Identifier: Apache-2.0
// What one process may do, as compiled data. Every entry carries its reason: Why has no default, so
// an entry without one does not compile. A policy holds no logic and no run-time value but those
// that confine() is told (the root directory); `--explain-jail` prints it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bug.h"

namespace covfefe::sandbox {

enum class UnknownCall : std::uint8_t { Enosys, Kill };
// What a system call gets that the policy does not list: ENOSYS and a line in the kernel's log
// (libraries then fall back to older calls), or the end of the process (all tests).

[[nodiscard]] std::optional<UnknownCall> parse_unknown_call(std::string_view text);
// "enosys" or "kill", the values of --jail-unknown.
[[nodiscard]] const char* name_of(UnknownCall unknown);

class Why {
 public:
  template <std::size_t N>
  consteval Why(const char (&text)[N]) : text_(text, N - 1) {
    static_assert(N > 10, "a permission needs its reason in words");
  }
  [[nodiscard]] constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

enum class Test : std::uint8_t {
  Equal,    // register == value
  Below,    // register < value, unsigned, all 64 bits: a file descriptor below a wall
  AtLeast,  // register >= value, unsigned, all 64 bits: only to kill more, never to allow
  Masked,   // (register & mask) == value
  OwnPid,   // register == process id at confine()
};

struct Argument {
  unsigned index = 0;  // 0..5
  Test test = Test::Equal;
  std::uint64_t value = 0;
  std::uint64_t mask = 0;
};
// Tests of one call are joined by «and»; two entries for one call by «or». There is no «not»: high
// register bits that the kernel ignores would defeat it.

[[nodiscard]] constexpr Argument equals(unsigned index, std::uint64_t value) {
  return {index, Test::Equal, value, 0};
}
[[nodiscard]] constexpr Argument below(unsigned index, std::uint64_t wall) {
  return {index, Test::Below, wall, 0};
}
[[nodiscard]] constexpr Argument at_least(unsigned index, std::uint64_t wall) {
  return {index, Test::AtLeast, wall, 0};
}
[[nodiscard]] constexpr Argument masked(unsigned index, std::uint64_t mask, std::uint64_t value) {
  return {index, Test::Masked, value, mask};
}
[[nodiscard]] constexpr Argument own_pid(unsigned index) {
  return {index, Test::OwnPid, 0, 0};
}

enum class Verdict : std::uint8_t {
  Allow,
  Refuse,  // the stated errno: the caller is known to go on without it
  Kill,    // the process ends at once: no honest code of ours comes here
};

struct Call {
  int number;  // SCMP_SYS(name); negative numbers of calls that this machine lacks are skipped
  Why why;
  Verdict verdict = Verdict::Allow;
  int error = 0;  // of Refuse
  std::array<Argument, 3> arguments{};
  std::size_t argument_count = 0;
  std::string_view rare{};  // of rare(): how we know that it is needed
};

[[nodiscard]] constexpr Call with(Call call, std::initializer_list<Argument> arguments) {
  for (const Argument& argument : arguments) {
    if (call.argument_count == call.arguments.size()) bug("a call with too many argument rules");
    call.arguments[call.argument_count++] = argument;
  }
  return call;
}
[[nodiscard]] constexpr Call allow(int number, Why why,
                                   std::initializer_list<Argument> arguments = {}) {
  return with(Call{number, why}, arguments);
}
[[nodiscard]] constexpr Call refuse(int number, int error, Why why) {
  return Call{number, why, Verdict::Refuse, error, {}, 0, {}};
}
[[nodiscard]] constexpr Call kill(int number, Why why,
                                  std::initializer_list<Argument> arguments = {}) {
  return with(Call{number, why, Verdict::Kill, 0, {}, 0, {}}, arguments);
}
[[nodiscard]] constexpr Call rare(Call call, Why how) {
  call.rare = how.text();
  return call;
}
// An entry that a healthy node on this release does not use. tests/process/sandbox/coverage.py
// runs real nodes and fails for every entry that is neither used nor rare, so `how` says how it is
// known to be needed: what uses it, and which test or which source says so.

struct CallSet {
  std::string_view name;  // "common", "KJ server", "router" …: for --explain-jail
  std::span<const Call> calls;
};

struct Capability {
  int number;             // CAP_…
  std::string_view name;  // "CAP_NET_ADMIN"
  Why why;
};

struct Limit {
  int resource;           // RLIMIT_…
  std::string_view name;  // "RLIMIT_CORE"
  std::uint64_t value;    // soft and hard
  Why why;
};

enum class Access : std::uint8_t {
  Read,       // read files and list the directory
  ReadWrite,  // also create, write, truncate, rename and remove files; no directory, no device
  Device,     // open, read, write and ioctl one device node
};

enum class Base : std::uint8_t { Root, System };
// Root: the path is below --root; System: it is absolute.

struct Path {
  Base base;
  std::string_view path;  // "var/lib/covfefe/keystore", without a leading slash
  Access access;
  Why why;
};
// Must exist when confine() runs. Everything else of the file system is denied where the kernel
// has Landlock.

enum class Threads : std::uint8_t { None, AfterConfine };

struct User {
  std::string_view name;      // "covfefe-router", or "root"
  std::uint32_t reserved_id;  // uid and gid where there is no such user and --root is not "/"
  Why why;
};

struct Policy {
  std::string_view service;  // "router": the process is covfefe-router
  User user;
  Threads threads;
  std::span<const Capability> capabilities;  // kept; all others are dropped for good
  std::span<const Limit> limits;
  std::span<const CallSet* const> calls;
  std::span<const Path> paths;
};

extern const Policy kTunHelper;
extern const Policy kRouter;
extern const Policy kKeystore;
extern const Policy kPeerdb;
extern const Policy kShaper;

[[nodiscard]] std::span<const Policy* const> all_policies();

constexpr std::uint64_t kUdpFdWall = 512;
// The router's and the shaper's UDP sockets have numbers from here on, every other descriptor of
// theirs is below (RLIMIT_NOFILE): so a filter that sees only numbers can tell them apart.

enum class Form : std::uint8_t { Text, Json };

[[nodiscard]] std::string explain(const Policy& policy, Form form = Form::Text);
// The whole policy: as text, one line per entry with its reason; or as one JSON object for
// programs.

}  // namespace covfefe::sandbox
