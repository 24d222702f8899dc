// SPDX-License-Identifier: Apache-2.0
#include "printable.h"

#include <array>
#include <cstdint>

namespace covfefe::cli {
namespace {

struct Lead {
  std::uint8_t first, last;   // range of the first byte
  std::uint8_t lowest, most;  // range of the second byte
  std::size_t length;
};

// Table 3-7 of the Unicode standard: neither overlong forms nor surrogates nor above U+10FFFF.
constexpr std::array<Lead, 8> kLeads = {{
    {0xc2, 0xdf, 0x80, 0xbf, 2},
    {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3},
    {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
}};

bool within(char byte, std::uint8_t lowest, std::uint8_t most) {
  const auto value = static_cast<std::uint8_t>(byte);
  return value >= lowest && value <= most;
}

bool fits(std::string_view text, const Lead& lead) {
  if (text.size() < lead.length || !within(text[0], lead.first, lead.last)) return false;
  if (!within(text[1], lead.lowest, lead.most)) return false;
  for (std::size_t i = 2; i < lead.length; ++i) {
    if (!within(text[i], 0x80, 0xbf)) return false;
  }
  return true;
}

bool is_control(std::string_view character) {
  if (character.size() == 1) return within(character[0], 0, 0x1f) || character[0] == 0x7f;
  return character[0] == '\xc2' && within(character[1], 0x80, 0x9f);
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  if (within(text[0], 0, 0x7f)) return 1;
  for (const Lead& lead : kLeads) {
    if (fits(text, lead)) return lead.length;
  }
  return 0;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    if (length == 0 || is_control(character)) {
      out += '?';
    } else {
      out += character;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

}  // namespace covfefe::cli
