// SPDX-License-Identifier: Apache-2.0
// How a command of the operator's tool ends. Exit codes: 0 done, 1 refused (or degraded, for
// status), 2 the node is down or was not reached, 64 wrong usage (sysexits(3) EX_USAGE).
#pragma once

#include <string>

#include "base/result.h"

namespace covfefe::cli {

inline constexpr int kDone = 0;
inline constexpr int kRefused = 1;
inline constexpr int kDown = 2;
inline constexpr int kUsage = 64;

struct Problem {
  std::string what;  // what was refused and why, one sentence
  std::string next;  // what to do about it, may be empty
  int code = kRefused;
};

template <typename T>
using Outcome = Expected<T, Problem>;

struct Common {
  std::string root = "/";
  bool json = false;
};

[[nodiscard]] int report(const Problem& problem, const Common& common);
// Prints it on standard error (with --json: as an object on standard output) and returns its code.

}  // namespace covfefe::cli
