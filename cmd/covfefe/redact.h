// SPDX-License-Identifier: Apache-2.0
// Takes out of a text whatever names a person, a place or a key, and puts a pseudonym there that is
// the same in the whole report: "friend-1", "address-2". Works on the text, not on what wrote it,
// so that a line that nobody thought of is covered, too. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace covfefe::cli {

class Redactor {
 public:
  void name(std::string_view word, std::string_view kind);
  // A word of [A-Za-z0-9_-] with a pseudonym of its own: "friend" gives friend-1, friend-2 … Taken
  // out as a whole word, in capitals or not. Empty words are passed over.

  [[nodiscard]] std::string redact(std::string_view text);
  // Besides names: IPv4 and IPv6 addresses (not unspecified or loopback ones),
  // link-layer addresses, 16 and more hexadecimal digits, 32 and more characters of base64.

 private:
  std::string pseudonym(std::string_view kind, std::string_view of);
  std::string token(std::string_view token);
  std::string words(std::string_view text);
  std::string named(std::string_view word);
  std::string hidden(std::string_view word);

  std::map<std::string, std::string, std::less<>> names_;       // small letters → pseudonym
  std::map<std::string, std::string, std::less<>> pseudonyms_;  // what was met
  std::map<std::string, std::uint32_t, std::less<>> counts_;    // by kind
};

}  // namespace covfefe::cli
