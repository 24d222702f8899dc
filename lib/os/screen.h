// SPDX-License-Identifier: Apache-2.0
// The terminal as a whole screen: no echo, no line editing, the other page of the terminal, the
// cursor hidden. Everything is given back when it goes out of scope. Thread: one.
#pragma once

#include <termios.h>

#include <span>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

struct ScreenSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

[[nodiscard]] bool shows_utf8();
// Whether the locale of the environment says so. Sets this process's LC_CTYPE to it.

class Screen {
 public:
  static SysResult<Screen> take();
  // Of standard input and output; ENOTTY when one of them is no terminal.
  Screen(Screen&&) noexcept = default;
  Screen& operator=(Screen&&) = delete;
  ~Screen();

  [[nodiscard]] ScreenSize size() const;
  // 80x24 when the terminal does not say; at least 1x1, at most 1,000x1,000.
  [[nodiscard]] const Fd& keys() const { return input_; }
  // Readable when a key was pressed.
  [[nodiscard]] SysResult<std::string_view> read(std::span<char> into) const;
  // What was typed, empty when the terminal has gone.
  [[nodiscard]] SysResult<void> write(std::string_view text) const;

  void give_back() const;  // until take_again(): while this process is stopped
  void take_again() const;

 private:
  Screen(Fd input, Fd output, const termios& before);

  Fd input_;
  Fd output_;
  termios before_{};
};

}  // namespace covfefe::os
