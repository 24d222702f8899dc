// SPDX-License-Identifier: Apache-2.0
#include "shell_word.h"

#include <algorithm>

#include "printable.h"

namespace covfefe::cli {
namespace {

bool is_plain(char c) {
  constexpr std::string_view kSigns = "/._+:@%,-";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kSigns.find(c) != std::string_view::npos;
}

}  // namespace

std::string shell_word(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

bool can_be_copied(std::string_view text) {
  return printable(text) == text;
}

}  // namespace covfefe::cli
