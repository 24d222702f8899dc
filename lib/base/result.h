// SPDX-License-Identifier: Apache-2.0
// Three failures, three forms: hostile or wrong input is a Result, a machine's refusal is a
// SysError, a bug is CHECK. g++ 12 has no std::expected in C++20, so Expected is our own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/bug.h"

namespace covfefe {

enum class Reject : std::uint8_t {
  WrongLength,  // not exactly a length that the format knows
  WrongType,    // a type or version that is not spoken here
  WrongValue,   // a field outside its range, or not zero where zero is demanded
  Forged,       // a tag, MAC or signature that does not verify
  Replayed,     // a counter or timestamp seen before, or too old to tell
  Unknown,      // an index, id or key that nobody here issued or knows
  Unexpected,   // well made, but not in this state
  Overloaded,   // a bound is reached; the sender may try again later
  Expired,      // a time limit has passed
};
// Why outside bytes were refused. Counted, never logged per packet.

[[nodiscard]] const char* name_of(Reject reason);

struct SysError {
  const char* operation;  // static text: "open", "bind" …
  std::string object;     // path, interface or address it was about
  int number;             // errno

  [[nodiscard]] std::string text() const;
  // "open /dev/net/tun: No such file or directory"
};

template <typename E>
struct Failure {
  E error;
};

template <typename T, typename E>
class [[nodiscard]] Expected {
 public:
  Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Expected(E error) : state_(std::in_place_index<1>, std::move(error)) {}
  Expected(Failure<E> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & { return require(), *std::get_if<0>(&state_); }
  [[nodiscard]] const T& value() const& { return require(), *std::get_if<0>(&state_); }
  [[nodiscard]] T&& value() && { return require(), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  // The value; asking a failure for it is a bug and aborts.

  [[nodiscard]] const E& error() const {
    if (ok()) bug("error() of a success");
    return *std::get_if<1>(&state_);
  }

 private:
  void require() const {
    if (!ok()) bug("value() of a failure");
  }
  std::variant<T, E> state_;
};

template <typename E>
class [[nodiscard]] Expected<void, E> {
 public:
  Expected() = default;
  Expected(E error) : error_(std::move(error)) {}
  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const E& error() const {
    if (ok()) bug("error() of a success");
    return *error_;
  }

 private:
  std::optional<E> error_;
};

template <typename T>
using Result = Expected<T, Reject>;
template <typename T>
using SysResult = Expected<T, SysError>;

}  // namespace covfefe
