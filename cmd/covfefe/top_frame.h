// SPDX-License-Identifier: Apache-2.0
// One frame of `covfefe top`: lines of exactly the terminal's width, at most its height.
#pragma once

#include <string>
#include <vector>

#include "top_model.h"

namespace covfefe::cli {

struct TopSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

enum class Look : std::uint8_t { Plain, Strong, Head, Quiet, Alarm };
enum class Glyphs : std::uint8_t { Ascii, Blocks };  // of sparklines: what the locale can show

struct TopLine {
  std::string text;  // no control character
  Look look = Look::Plain;
};

struct TopAsked {
  TopSize size;
  std::string clock;  // "14:03:22"
  Glyphs glyphs = Glyphs::Ascii;
};

[[nodiscard]] std::vector<TopLine> top_frame(const TopModel& model, const TopAsked& asked);
[[nodiscard]] std::size_t friend_rows(const TopSize& size);
// That fit on a page.
[[nodiscard]] std::string sparkline(const std::deque<std::uint64_t>& rates, std::size_t columns,
                                    Glyphs glyphs);
// The newest on the right, each as a share of the largest shown.

}  // namespace covfefe::cli
