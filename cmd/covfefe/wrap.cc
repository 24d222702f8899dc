// SPDX-License-Identifier: Apache-2.0
#include "wrap.h"

#include <algorithm>

namespace covfefe::cli {

std::string wrapped(std::string_view text, std::size_t column) {
  constexpr std::size_t kWidth = 80;
  std::string out;
  std::size_t at = column;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (at != column && at + 1 + word.size() > kWidth) {
      out += '\n';
      out.append(column, ' ');
      at = column;
    } else if (at != column) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
  }
  return out;
}

}  // namespace covfefe::cli
