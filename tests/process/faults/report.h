// SPDX-License-Identifier: Apache-2.0
// One line of JSON for each kind of fault, and the words on the command line of a test program.
#pragma once

#include <cstdint>
#include <string>

namespace covfefe::faults {

struct Report {
  std::string fault;
  std::uint64_t cycles = 0;     // how often the fault was made
  std::uint64_t acked = 0;      // operations that were acknowledged meanwhile
  std::uint64_t lost = 0;       // of those, missing afterwards
  std::uint64_t integrity = 0;  // files that were not sound afterwards though nobody damaged them
  std::string note;

  [[nodiscard]] bool ok() const { return cycles != 0 && lost == 0 && integrity == 0; }
};

void print(const Report& report);

[[nodiscard]] bool wants_all();
// --all: every case, not only those that fit into the usual run.
[[nodiscard]] bool wants_few();
// --few: a sample, for slow builds.
[[nodiscard]] std::uint64_t seed();
// --seed=N, or a fresh one that is printed.

}  // namespace covfefe::faults
