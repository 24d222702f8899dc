// SPDX-License-Identifier: Apache-2.0
// The log as a parameter. One record is one line of key=value; values are quoted where they hold
// anything but plain characters, so that a peer's text cannot forge a second line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace covfefe {

enum class Level : std::uint8_t { Error, Warning, Notice, Info, Debug };

struct Field {
  std::string_view key;
  std::string value;
};

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(Level level, std::string_view line) = 0;
  // One complete line without its newline. Must not block for long; never called per packet.

  void record(Level level, std::string_view event, std::initializer_list<Field> fields = {});
  // "event key=value key=\"quoted value\""
};

}  // namespace covfefe
