// SPDX-License-Identifier: Apache-2.0
// Every forbidden act with what becomes of it, for each process and each of the two layers alone.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tests/process/sandbox/jail_acts.h"

namespace covfefe::test {

enum Who : unsigned {
  kTun = 1,
  kRouters = 2,
  kKeys = 4,
  kPeers = 8,
  kShapers = 16,
  kEverybody = 31,
};
// Bits: an act that is some process's work is forbidden to the others only.

struct Row {
  std::string_view act;
  Act perform;
  unsigned who;
  std::string_view ours;  // behind confine() alone: "SIGSYS", or the errno
  std::string_view unit;  // behind the unit's lines alone: the errno, "works" or kNotTried
  std::string_view
      left{};  // why systemd 252, which filters calls and no arguments, leaves it to us
};

constexpr std::string_view kNotTried = "not-tried";
// It would work, and the twin could not go on.

[[nodiscard]] std::span<const Row> rows();
[[nodiscard]] unsigned bit_of(std::string_view service);
// 0 if there is no such service.

}  // namespace covfefe::test
