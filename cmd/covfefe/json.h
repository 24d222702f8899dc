// SPDX-License-Identifier: Apache-2.0
// JSON as a value that prints itself. Only what this tool prints; nothing is ever read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace covfefe::cli {

class Json {
 public:
  Json() = default;  // null
  Json(bool value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(std::uint64_t value) : value_(value) {}
  Json(std::uint32_t value) : value_(std::uint64_t{value}) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}

  static Json array() { return Json(Items{}); }
  static Json object() { return Json(Members{}); }
  static Json document(std::string_view verb);
  // An object that begins with "schema": "covfefe.<verb>/1".

  Json& set(std::string_view key, Json value);  // of an object; appends, returns *this
  Json& add(Json value);                        // to an array; returns *this
  [[nodiscard]] std::string text() const;
  // Indented by two, a final newline. Control characters are escaped, bytes that are no UTF-8
  // become U+FFFD.

 private:
  using Items = std::vector<Json>;
  using Members = std::vector<std::pair<std::string, Json>>;
  explicit Json(Items items) : value_(std::move(items)) {}
  explicit Json(Members members) : value_(std::move(members)) {}
  void print(std::string& out, std::size_t depth) const;

  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Items,
               Members>
      value_;
};

}  // namespace covfefe::cli
