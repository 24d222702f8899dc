// SPDX-License-Identifier: Apache-2.0
// Ownership of a file descriptor: closed once, by whoever holds the Fd. Everything in lib/os opens
// with close-on-exec. Thread: any; an Fd itself is not shared between threads without a join.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace covfefe::os {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] bool valid() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }
  // Borrowed: stays open only as long as this Fd. -1 when empty.
  [[nodiscard]] int release() { return std::exchange(number_, -1); }
  // The caller closes it (to hand it to a library that owns its descriptors).
  void reset();
  // Closes; an error of close is ignored here: use close_checked where it would mean lost data.

 private:
  int number_ = -1;
};

[[nodiscard]] SysResult<void> close_checked(Fd fd, const std::string& object);
// Closes and says if the kernel refused (EIO, ENOSPC on delayed writes). `object` is for the error.

[[nodiscard]] SysResult<Fd> duplicate(const Fd& fd);
// A second descriptor of the same open file, close-on-exec.

[[nodiscard]] SysResult<Fd> move_to_or_above(Fd fd, int lowest);
// The same open file under the lowest free number that is at least `lowest`; the old number is
// closed (A5: UDP sockets live at 512 and above). On failure the descriptor is closed.

[[nodiscard]] SysResult<void> set_nonblocking(const Fd& fd);
[[nodiscard]] SysResult<void> set_close_on_exec(const Fd& fd);

[[nodiscard]] SysError last_error(const char* operation, std::string object);
// What errno says now. `operation` is static text.

}  // namespace covfefe::os
