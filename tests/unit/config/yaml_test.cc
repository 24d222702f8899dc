// SPDX-License-Identifier: Apache-2.0
#include "config/yaml.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace covfefe::config {
namespace {

struct Row {
  const char* text;
  std::uint32_t line;
  const char* message;
};

constexpr std::array<Row, 24> kRefused{{
    {"a: &x 1\n", 1, "anchors"},
    {"a: &x {b: c}\n", 1, "anchors"},
    {"a: &x [b]\n", 1, "anchors"},
    {"b: 1\na: *x\n", 2, "aliases"},
    {"a: !!str 1\n", 1, "tags"},
    {"a: ! x\n", 1, "tags"},
    {"a: !!map {b: c}\n", 1, "tags"},
    {"a: !x [b]\n", 1, "tags"},
    {"%YAML 1.1\n---\na: 1\n", 1, "directives"},
    {"%TAG ! tag:x,2000:\n---\na: 1\n", 1, "directives"},
    {"a: 1\n---\nb: 2\n", 2, "second document"},
    {"a: 1\n...\n---\nb: 2\n", 3, "second document"},
    {"a: 1\nb: 2\na: 3\n", 3, "stands twice"},
    {"? {a: b}\n: c\n", 1, "a key must be plain text"},
    {"\"a b\": c\n", 1, "a key must be 1..64"},
    {"\"\": c\n", 1, "a key must be 1..64"},
    {"a: |\n  block\n", 1, "one line"},
    {"a: >\n  block\n", 1, "one line"},
    {"a: one\n  two\n", 1, "one line"},
    {"a: \"x\\0y\"\n", 1, "control character"},
    {"a: \"x\\x7fy\"\n", 1, "control character"},
    {"a: \"x\\Ny\"\n", 1, "control character"},
    {"a: 1\nb: \xff\n", 2, "not readable"},
    {"a: 1\nb: \x01\n", 2, "not readable"},
}};

TEST_CASE("what is outside the subset is refused with its line") {
  for (const Row& row : kRefused) {
    CAPTURE(row.text);
    const auto node = parse_yaml(row.text, "f");
    REQUIRE_FALSE(node.ok());
    CAPTURE(node.error().text());
    CHECK(node.error().line == row.line);
    CHECK(node.error().message.find(row.message) != std::string::npos);
  }
}

TEST_CASE("eight levels are read and nine are refused") {
  const auto nested = [](std::size_t levels) {
    return "a: " + std::string(levels - 1, '[') + std::string(levels - 1, ']');
  };
  CHECK(parse_yaml(nested(8), "f").ok());
  CHECK_FALSE(parse_yaml(nested(9), "f").ok());
  CHECK_FALSE(parse_yaml("a: " + std::string(100'000, '['), "f").ok());
}

TEST_CASE("sizes are bounded before anything is read") {
  CHECK(parse_yaml("#" + std::string(kMaxText - 1, 'x'), "f").ok());
  CHECK_FALSE(parse_yaml("#" + std::string(kMaxText, 'x'), "f").ok());
  CHECK(parse_yaml("a: " + std::string(kMaxScalar, 'x'), "f").ok());
  CHECK_FALSE(parse_yaml("a: " + std::string(kMaxScalar + 1, 'x'), "f").ok());
  std::string many = "a: [";
  for (std::size_t i = 0; i < kMaxNodes; ++i) many += "1,";
  CHECK_FALSE(parse_yaml(many + "]", "f").ok());
}

TEST_CASE("nodes know their kind, line and whether they were quoted") {
  const auto root = parse_yaml("# c\na: 1\nb:\n  c: 'x'\n  d: [p, q]\ne:\n", "f");
  REQUIRE(root.ok());
  CHECK(root->find("a")->line == 2);
  CHECK(root->find("b")->kind == Node::Kind::Map);
  CHECK(root->find("b")->find("c")->quoted);
  CHECK(root->find("b")->find("d")->items.size() == 2);
  CHECK(root->find("b")->find("d")->line == 5);
  CHECK(root->find("e")->is_null());
  CHECK(root->find("f") == nullptr);
}

TEST_CASE("a quoted text is read back unchanged") {
  for (const char* text :
       {"",   "plain", "null", "~",  "yes", "6363", "[::1]:1", "a: b", "a #b", "a:", "\"",
        "\\", "'",     "*",    "&x", "!t",  "- x",  "a ",      " a",   "ü",    "%x", "a:b"}) {
    CAPTURE(text);
    const auto root = parse_yaml("k: " + quote(text) + "\nl:\n  - " + quote(text) + "\n", "f");
    REQUIRE(root.ok());
    CHECK(root->find("k")->text == text);
    CHECK_FALSE(root->find("k")->is_null());
    CHECK(root->find("l")->items[0].text == text);
  }
}

}  // namespace
}  // namespace covfefe::config
