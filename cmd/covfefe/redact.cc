// SPDX-License-Identifier: Apache-2.0
#include "redact.h"

#include <algorithm>
#include <optional>

#include "base/address.h"

namespace covfefe::cli {
namespace {

constexpr std::size_t kHexDigits = 16;       // 8 bytes: half a key is too much
constexpr std::size_t kDecimalDigits = 32;   // shorter ones are counters and times
constexpr std::size_t kBase64 = 32;          // 24 bytes
constexpr std::size_t kLongestAddress = 64;  // with an embedded IPv4 tail 45

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_word(char c) {
  return is_digit(c) || is_upper(c) || is_lower(c) || c == '_' || c == '-';
}
bool is_base64(char c) {
  return is_word(c) || c == '+' || c == '/';
}
bool is_address(char c) {
  return is_hex(c) || c == ':' || c == '.';
}
bool is_lump(char c) {
  return is_base64(c) || c == '.' || c == ':';
}

template <typename Is>
std::size_t run_of(std::string_view text, Is is) {
  std::size_t end = 0;
  while (end < text.size() && is(text[end])) ++end;
  return end;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_local(const Address& address) {
  Address loopback;
  loopback.bytes[15] = 1;
  const bool v4 = address.is_mapped_v4() && (address.bytes[12] == 127 || address.bytes[12] == 0);
  return address == Address{} || address == loopback || v4;
}

bool is_letter(char c) {
  return is_upper(c) || is_lower(c);
}

// "std::bad_alloc": letters and colons only, and the word goes on.
bool is_code(std::string_view run, std::string_view rest) {
  const bool goes_on = !rest.empty() && (is_letter(rest[0]) || rest[0] == '_');
  return goes_on && std::none_of(run.begin(), run.end(), is_digit);
}

// "52:54:00:12:34:56", and fingerprints in that style.
bool is_pairs(std::string_view run) {
  if (run.size() < 17 || run.size() % 3 != 2) return false;
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (i % 3 == 2 ? run[i] != ':' : !is_hex(run[i])) return false;
  }
  return true;
}

struct Found {
  std::size_t begin = 0;
  std::size_t length = 0;
  Address address;
};

// The first and then longest address in a run of digits, colons and dots that begins at a group:
// after a colon or a dot, or at the run's own beginning if no letter stands before that.
std::optional<Found> address_in(std::string_view run, std::size_t from) {
  for (std::size_t begin = from; begin < run.size(); ++begin) {
    const bool at_group = begin == from || run[begin - 1] == ':' || run[begin - 1] == '.';
    if (!at_group) continue;
    for (std::size_t end = std::min(run.size(), begin + kLongestAddress); end > begin + 1; --end) {
      const bool group_ends = end == run.size() || run[end] == ':' || run[end] == '.';
      if (!group_ends) continue;
      if (const auto address = parse_address(run.substr(begin, end - begin))) {
        return Found{begin, end - begin, *address};
      }
    }
  }
  return std::nullopt;
}

bool is_secret_base64(std::string_view run) {
  return run.size() >= kBase64 && std::any_of(run.begin(), run.end(), is_digit) &&
         std::any_of(run.begin(), run.end(), is_upper) &&
         std::any_of(run.begin(), run.end(), is_lower);
}

bool is_secret_hex(std::string_view run) {
  if (run.size() < kHexDigits) return false;
  return run.size() >= kDecimalDigits || !std::all_of(run.begin(), run.end(), is_digit);
}

}  // namespace

void Redactor::name(std::string_view word, std::string_view kind) {
  if (word.empty() || names_.contains(lower(word))) return;
  names_[lower(word)] = std::string(kind) + "-" + std::to_string(++counts_[std::string(kind)]);
}

std::string Redactor::pseudonym(std::string_view kind, std::string_view of) {
  std::string& known = pseudonyms_[std::string(kind) + " " + std::string(of)];
  if (known.empty()) {
    known = std::string(kind) + "-" + std::to_string(++counts_[std::string(kind)]);
  }
  return known;
}

std::string Redactor::redact(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = run_of(text, is_lump);
    if (length > 0) {
      out += token(text.substr(0, length));
      text.remove_prefix(length);
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

// Addresses first; what stands between them goes on as words.
std::string Redactor::token(std::string_view token) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = 0; at < token.size();) {
    const std::size_t length = run_of(token.substr(at), is_address);
    const std::string_view run = token.substr(at, length);
    if (length == 0) {
      ++at;
      continue;
    }
    if (is_pairs(run)) {
      out += words(token.substr(done, at - done)) + pseudonym("mac", lower(run));
      done = at += length;
      continue;
    }
    // The letters of a word before it are no group: "node:10.0.0.1".
    const bool glued = at > 0 && is_letter(token[at - 1]);
    const std::size_t from = glued ? std::min(run.find_first_of(":."), length) : 0;
    const auto found =
        is_code(run, token.substr(at + length)) ? std::nullopt : address_in(run, from);
    if (found) {
      out += words(token.substr(done, at + found->begin - done));
      const std::string_view kind = found->address.is_overlay() ? "overlay" : "address";
      out += is_local(found->address) ? std::string(run.substr(found->begin, found->length))
                                      : pseudonym(kind, format_address(found->address));
      done = at += found->begin + found->length;
      continue;
    }
    at += length;
  }
  return out + words(token.substr(done));
}

std::string Redactor::words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t base64 = run_of(text, is_base64);
    if (is_secret_base64(text.substr(0, base64))) {
      out += pseudonym("opaque", text.substr(0, base64));
      text.remove_prefix(base64);
      continue;
    }
    const std::size_t hex = run_of(text, is_hex);
    if (is_secret_hex(text.substr(0, hex))) {
      out += pseudonym("hex", lower(text.substr(0, hex)));
      text.remove_prefix(hex);
      continue;
    }
    const std::size_t word = run_of(text, is_word);
    const std::size_t taken = std::max<std::size_t>(word, 1);
    out += word == 0 ? std::string(1, text[0]) : named(text.substr(0, word));
    text.remove_prefix(taken);
  }
  return out;
}

// Hyphens join words and are part of names: "cov-alice" has alice in it. The longest name counts.
std::string Redactor::named(std::string_view word) {
  const auto joins = [](char c) { return c == '-' || c == '_'; };
  for (std::size_t begin = 0; begin < word.size(); ++begin) {
    if (begin > 0 && !joins(word[begin - 1])) continue;
    for (std::size_t end = word.size(); end > begin; --end) {
      if (end < word.size() && !joins(word[end])) continue;
      const auto found = names_.find(lower(word.substr(begin, end - begin)));
      if (found == names_.end()) continue;
      return hidden(word.substr(0, begin)) + found->second + named(word.substr(end));
    }
  }
  return hidden(word);
}

// Hexadecimal digits inside of a word.
std::string Redactor::hidden(std::string_view word) {
  std::string out;
  while (!word.empty()) {
    const std::size_t length = run_of(word, is_hex);
    const std::string_view run = word.substr(0, std::max<std::size_t>(length, 1));
    out += is_secret_hex(run.substr(0, length)) ? pseudonym("hex", lower(run)) : std::string(run);
    word.remove_prefix(run.size());
  }
  return out;
}

}  // namespace covfefe::cli
