// SPDX-License-Identifier: Apache-2.0
#include "support/json.h"

#include <cctype>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/hex.h"

namespace covfefe::test {
namespace {

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "test vectors: %s\n", why.c_str());
  std::abort();
}

}  // namespace

class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : text_(text) {}

  Json value() {
    switch (peek()) {
      case '{':
        return object();
      case '[':
        return list();
      case '"':
        return string();
      default:
        return word();
    }
  }

 private:
  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    if (at_ == text_.size()) fail("ends too early");
    return text_[at_];
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void need(char c) {
    if (!take(c)) fail(std::string("expected ") + c + " at " + std::to_string(at_));
  }

  Json object() {
    Json out;
    out.kind_ = Json::Kind::Object;
    need('{');
    if (take('}')) return out;
    do {
      peek();
      out.keys_.push_back(string().text_);
      need(':');
      out.items_.push_back(value());
    } while (take(','));
    need('}');
    return out;
  }

  Json list() {
    Json out;
    out.kind_ = Json::Kind::List;
    need('[');
    if (take(']')) return out;
    do {
      out.items_.push_back(value());
    } while (take(','));
    need(']');
    return out;
  }

  Json string() {
    Json out;
    out.kind_ = Json::Kind::Text;
    need('"');
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\') ++at_;  // vectors escape nothing that matters here
      if (at_ < text_.size()) out.text_ += text_[at_++];
    }
    need('"');
    return out;
  }

  Json word() {
    Json out;
    const std::size_t from = at_;
    while (at_ < text_.size() && std::string_view("+-.").find(text_[at_]) != std::string_view::npos)
      ++at_;
    while (at_ < text_.size() && std::isalnum(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    out.text_ = text_.substr(from, at_ - from);
    if (out.text_.empty()) fail("unexpected character at " + std::to_string(at_));
    out.kind_ = out.text_ == "null" ? Json::Kind::Null : Json::Kind::Number;
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Json Json::parse(std::string_view text) {
  return JsonParser(text).value();
}

Json Json::load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot open " + path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse(text);
}

bool Json::has(std::string_view key) const {
  for (const std::string& k : keys_) {
    if (k == key) return true;
  }
  return false;
}

const Json& Json::operator[](std::string_view key) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i] == key) return items_[i];
  }
  fail("no member " + std::string(key));
}

const std::vector<Json>& Json::items() const {
  if (kind_ != Kind::List) fail("not a list");
  return items_;
}

const std::string& Json::text() const {
  if (kind_ != Kind::Text && kind_ != Kind::Number) fail("not a string");
  return text_;
}

std::uint64_t Json::number() const {
  std::string_view digits = text();
  const bool hex = digits.starts_with("0x");
  if (hex) digits.remove_prefix(2);
  std::uint64_t out = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, out, hex ? 16 : 10);
  if (digits.empty() || stop != end || error != std::errc{}) fail("not a number: " + text_);
  return out;
}

std::vector<std::uint8_t> Json::bytes() const {
  auto out = from_hex(text());
  if (!out) fail("not hexadecimal: " + text_);
  return std::move(*out);
}

}  // namespace covfefe::test
