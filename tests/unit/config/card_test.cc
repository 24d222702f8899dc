// SPDX-License-Identifier: Apache-2.0
#include "config/card.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace covfefe::config {
namespace {

Card example() {
  Card card;
  card.name = "alice";
  card.identity_key.fill(0x11);
  card.static_key.fill(0x22);
  card.static_sig.fill(0x33);
  card.service_key.fill(0x44);
  card.address = *parse_address("fd12:3456:789a:bcde:f012:3456:789a:bcde");
  card.endpoints = {"192.0.2.1:6363", "[2001:db8::1]:6363", "node.example.org:6363"};
  return card;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& text) {
  const auto card = parse_card(text, "bob.card");
  REQUIRE_FALSE(card.ok());
  return card.error().text();
}

TEST_CASE("a card is read back as it was written") {
  const auto back = parse_card(emit_card(example()), "f");
  REQUIRE(back.ok());
  CHECK(*back == example());
}

TEST_CASE("an identity without endpoints is a card") {
  Card card = example();
  card.endpoints.clear();
  const auto back = parse_card(emit_card(card), "f");
  REQUIRE(back.ok());
  CHECK(*back == card);
  CHECK(parse_card(replaced(emit_card(card), "endpoints: []\n", ""), "f").ok());
  CHECK(parse_card(replaced(emit_card(card), "endpoints: []", "endpoints:"), "f").ok());
}

TEST_CASE("a card that lacks any line is refused by that line's name") {
  const std::string whole = emit_card(example());
  for (const char* key : {"covfefe_card", "name", "identity_key", "static_key", "static_sig",
                          "service_key", "address"}) {
    CAPTURE(key);
    const std::size_t from = whole.find(std::string(key) + ":");
    std::string text = whole;
    text.erase(from, text.find('\n', from) + 1 - from);
    CHECK(error_of(text).find(std::string(key) + ": is missing") != std::string::npos);
  }
}

TEST_CASE("a card cut off at any byte is refused or is still the same card") {
  const std::string whole = emit_card(example());
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    const auto card = parse_card(whole.substr(0, cut), "f");
    const bool keys_whole = !card.ok() || (card->identity_key == example().identity_key &&
                                           card->service_key == example().service_key);
    CHECK(keys_whole);
  }
}

struct Row {
  const char* from;
  const char* to;
  const char* message;
};

constexpr std::array<Row, 19> kHostile{{
    {"covfefe_card: 1", "covfefe_card: 2", "bob.card:1: covfefe_card: is a card version"},
    {"covfefe_card: 1", "covfefe_card: [1]", "not of the kind"},
    {"name: alice", "name: Alice", "bob.card:2: name: must be"},
    {"name: alice", "name: [a]", "not of the kind"},
    {"name: alice", "name: \"\\e[2J\"", "control character"},
    {"identity_key: 11", "identity_key: 1", "exactly 64 hexadecimal digits"},
    {"identity_key: 11", "identity_key: zz", "exactly 64 hexadecimal digits"},
    {"static_sig: 33", "static_sig: 3333", "exactly 128 hexadecimal digits"},
    {"address: fd12", "address: 2012", "within fd00::/8"},
    {"address: fd12:", "address: fd12::", "within fd00::/8"},
    {"endpoints:\n", "endpoints: 7\nx:\n", "not of the kind"},
    {"192.0.2.1:6363", "192.0.2.1", "HOST:PORT"},
    {"192.0.2.1:6363", "192.0.2.1:0", "HOST:PORT"},
    {"192.0.2.1:6363", "192.0.2.1:65536", "HOST:PORT"},
    {"192.0.2.1:6363", "0.0.0.0:6363", "HOST:PORT"},
    {"192.0.2.1:6363", "[1, 2]", "HOST:PORT"},
    {"192.0.2.1:6363", "a b:6363", "HOST:PORT"},
    {"name: alice", "name: alice\nextra: 1", "extra: is not a key"},
    {"name: alice", "name: alice\nname: bob", "stands twice"},
}};

TEST_CASE("a hostile card is refused with the line and key that is wrong") {
  for (const Row& row : kHostile) {
    CAPTURE(row.to);
    const std::string error = error_of(replaced(emit_card(example()), row.from, row.to));
    CAPTURE(error);
    CHECK(error.find(row.message) != std::string::npos);
  }
}

TEST_CASE("all-zero keys, too many endpoints and oversized cards are refused") {
  Card card = example();
  card.service_key.fill(0);
  CHECK(error_of(emit_card(card)).find("service_key: is all zero") != std::string::npos);
  card = example();
  card.endpoints.assign(9, "192.0.2.1:6363");
  CHECK(error_of(emit_card(card)).find("more than 8") != std::string::npos);
  CHECK(error_of(emit_card(example()) + "#" + std::string(kMaxCardText, 'x')).find("4096") !=
        std::string::npos);
}

TEST_CASE("host names and addresses with a port are told from anything else") {
  for (const char* good : {"192.0.2.1:1", "[2001:db8::1]:65535", "a:1", "a-b.c9.example:6363",
                           "xn--nxasmq6b.example:6363", "127.0.0.1:6363"}) {
    CAPTURE(good);
    CHECK(is_valid_host_port(good));
  }
  for (const char* bad : {"",
                          ":",
                          "a",
                          "a:",
                          ":1",
                          "a:01",
                          "a:+1",
                          "a:1 ",
                          "2001:db8::1:6363",
                          "[192.0.2.1]:1",
                          "[::1]",
                          "[]:1",
                          "[a]:1",
                          "[::]:1",
                          "a..b:1",
                          ".a:1",
                          "a.:1",
                          "-a:1",
                          "a-:1",
                          "a_b:1",
                          "999.1.1.1:1",
                          "127.1:1",
                          "1:1",
                          "224.0.0.1:1",
                          "[ff02::1]:1",
                          "a/b:1",
                          "a\n:1"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_valid_host_port(bad));
  }
  CHECK_FALSE(is_valid_host_port(std::string(64, 'a') + ":1"));
  const HostPort parts = split_host_port("[2001:db8::1]:6363");
  CHECK(parts.host == "2001:db8::1");
  CHECK(parts.port == 6363);
}

}  // namespace
}  // namespace covfefe::config
