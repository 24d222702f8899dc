// SPDX-License-Identifier: Apache-2.0
// Reads test vectors. Trusts the file: whatever is not as expected aborts with a message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace covfefe::test {

class Json {
 public:
  [[nodiscard]] static Json load(const std::string& path);
  [[nodiscard]] static Json parse(std::string_view text);

  [[nodiscard]] bool has(std::string_view key) const;
  const Json& operator[](std::string_view key) const;
  // Member of an object; a missing one aborts.
  [[nodiscard]] const std::vector<Json>& items() const;
  [[nodiscard]] const std::string& text() const;
  // Of a string; of a bare number its digits.
  [[nodiscard]] std::uint64_t number() const;
  // A bare number, or a string "0x…".
  [[nodiscard]] std::vector<std::uint8_t> bytes() const;
  // A string of hexadecimal digits.

 private:
  friend class JsonParser;
  enum class Kind { Null, Text, Number, List, Object };
  Kind kind_ = Kind::Null;
  std::string text_;
  std::vector<Json> items_;
  std::vector<std::string> keys_;  // of an object, beside items_
};

}  // namespace covfefe::test
