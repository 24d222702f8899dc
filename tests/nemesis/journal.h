// SPDX-License-Identifier: Apache-2.0
// The operator's log: what was asked and what was answered, one JSON object a line, on the disk
// before the next step is taken. Lines are only ever added. Times are those of the monotonic clock,
// in seconds.
#pragma once

#include <cstdint>
#include <string>

#include "os/fd.h"

namespace covfefe::nemesis {

class Journal {
 public:
  explicit Journal(const std::string& path);
  // Creates it; ends the program where that fails, as every function here does.

  void issued(std::uint64_t operation, const std::string& verb, const std::string& rest);
  // rest: further members, without the comma that comes before them.
  void acknowledged(std::uint64_t operation, const std::string& rest);
  void failed(std::uint64_t operation);
  // Whether it happened is unknown.

 private:
  void ended(std::uint64_t operation, const std::string& how);
  void add(const std::string& line);
  os::Fd file_;
};

[[nodiscard]] double seconds_now();
[[nodiscard]] std::string member(const std::string& name, const std::string& plain_text);
// "name":"text"; the text has no character that JSON escapes.

}  // namespace covfefe::nemesis
