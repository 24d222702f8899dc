// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <random>

#include "base/address.h"
#include "base/hex.h"
#include "base/inline_vec.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"

using namespace covfefe;

namespace {

Address random_address(std::mt19937& random) {
  // Mostly zero groups, so that runs of every length and place occur.
  Address out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (random() % 3 != 0) continue;
    const unsigned shift = static_cast<unsigned>(random() % 16);
    store_be(out.bytes.data() + 2 * i, static_cast<std::uint16_t>((random() & 0xffff) >> shift));
  }
  return out;
}

bool inet_accepts(const std::string& text, Address& out) {
  if (text.find(':') != std::string::npos) {
    return inet_pton(AF_INET6, text.c_str(), out.bytes.data()) == 1;
  }
  out = {};
  out.bytes[10] = out.bytes[11] = 0xff;
  return inet_pton(AF_INET, text.c_str(), out.bytes.data() + 12) == 1;
}

class Lines : public Log {
 public:
  void write(Level, std::string_view line) override { last = line; }
  std::string last;
};

}  // namespace

TEST_CASE("address text is what inet_ntop writes and reads back") {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const Address address = random_address(random);
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, address.bytes.data(), text, sizeof text);
    // glibc writes ::1.2.3.4 for the deprecated compatible form; RFC 5952 text does not.
    if (std::string_view(text).find('.') == std::string_view::npos) {
      CHECK(format_address(address) == text);
    }
    CHECK(parse_address(text) == address);
    CHECK(parse_address(format_address(address)) == address);
  }
}

TEST_CASE("address text that was bent is read exactly when inet_pton reads it") {
  std::mt19937 random(2);
  const std::string_view alphabet = "0123456789abcdefF:.: ";
  int accepted = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text = format_address(random_address(random));
    if (i % 3 == 0) text = "192.0.2." + std::to_string(random() % 300);
    if (i % 3 == 1) text = "::ffff:10.0.0." + std::to_string(random() % 300);
    for (int n = static_cast<int>(random() % 3); n > 0; --n) {
      text[random() % text.size()] = alphabet[random() % alphabet.size()];
      if (random() % 4 == 0) text.insert(random() % text.size(), 1, alphabet[random() % 21]);
    }
    Address expected;
    const bool good = inet_accepts(text, expected);
    const auto got = parse_address(text);
    INFO(text);
    CHECK(got.has_value() == good);
    if (got && good) CHECK(*got == expected);
    accepted += good ? 1 : 0;
  }
  CHECK(accepted > 10'000);
}

TEST_CASE("mapped addresses are written as plain IPv4") {
  const auto address = parse_address("192.0.2.1");
  REQUIRE(address);
  CHECK(address->is_mapped_v4());
  CHECK(format_address(*address) == "192.0.2.1");
  CHECK(parse_address("::ffff:192.0.2.1") == address);
}

TEST_CASE("overlay addresses are fd00::/8") {
  CHECK(parse_address("fd12::1")->is_overlay());
  CHECK_FALSE(parse_address("fc00::1")->is_overlay());
  CHECK_FALSE(parse_address("192.0.2.1")->is_overlay());
}

TEST_CASE("endpoints keep address and port") {
  for (const char* text : {"192.0.2.1:6363", "[2001:db8::1]:1", "[fe80::1]:65535"}) {
    const auto endpoint = parse_endpoint(text);
    REQUIRE(endpoint);
    CHECK(format_endpoint(*endpoint) == text);
  }
  for (const char* text : {"", ":1", "1.2.3.4", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "::1:5",
                           "[::1]5", "[::1", "[]:5", "name:5", "1.2.3.4:-1", "1.2.3.4: 1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_endpoint(text));
  }
}

TEST_CASE("a reader never passes the end and remembers that it was asked to") {
  const ByteArray<5> bytes{1, 2, 3, 4, 5};
  Reader in(bytes);
  CHECK(in.le<std::uint16_t>() == 0x0201);
  CHECK(in.le<std::uint32_t>() == 0);
  CHECK(in.failed());
  CHECK(in.take(0).empty());
  CHECK(in.le<std::uint8_t>() == 0);
  CHECK(in.remaining() == 3);
}

TEST_CASE("a writer writes nothing of what does not fit") {
  ByteArray<5> bytes{};
  Writer out(bytes);
  out.le<std::uint32_t>(0x04030201);
  out.le<std::uint16_t>(0xffff);
  CHECK(out.failed());
  out.le<std::uint8_t>(7);
  CHECK(out.written() == 4);
  CHECK(bytes == ByteArray<5>{1, 2, 3, 4, 0});
}

TEST_CASE("integers keep their byte order") {
  ByteArray<8> bytes{};
  store_be<std::uint32_t>(bytes.data(), 0x01020304);
  CHECK(bytes[0] == 1);
  CHECK(load_be<std::uint32_t>(bytes.data()) == 0x01020304);
  CHECK(load_le<std::uint32_t>(bytes.data()) == 0x04030201);
  store_le<std::uint64_t>(bytes.data(), 0x8877665544332211);
  CHECK(bytes[0] == 0x11);
  CHECK(load_le<std::uint64_t>(bytes.data()) == 0x8877665544332211);
}

TEST_CASE("a peer's text cannot forge a log line or a field") {
  Lines log;
  log.record(Level::Info, "seen",
             {{"from", "[::1]:5"}, {"name", "a\nlevel=error \"x\\"}, {"empty", ""}});
  CHECK(log.last == "seen from=[::1]:5 name=\"a?level=error \\\"x\\\\\" empty=\"\"");
}

TEST_CASE("hexadecimal reads what it writes and nothing else") {
  const std::vector<std::uint8_t> bytes{0, 0x0f, 0xa5, 0xff};
  CHECK(to_hex(bytes) == "000fa5ff");
  CHECK(from_hex("000FA5ff") == bytes);
  for (const char* text : {"0", "0g", "00 ", "-1"}) CHECK_FALSE(from_hex(text).has_value());
  ByteArray<2> exact{};
  CHECK_FALSE(from_hex("000fa5", exact));
  CHECK(from_hex("a5ff", exact));
}

TEST_CASE("an Expected holds a value or an error") {
  Result<int> good(5);
  Result<int> bad(Reject::Forged);
  CHECK(good.ok());
  CHECK(*good == 5);
  CHECK_FALSE(bad.ok());
  CHECK(bad.error() == Reject::Forged);
  CHECK(Result<void>().ok());
  CHECK(Result<void>(Reject::Expired).error() == Reject::Expired);
  const SysResult<int> refused(SysError{"open", "/dev/net/tun", 2});
  CHECK(refused.error().text() == "open /dev/net/tun: No such file or directory");
}

TEST_CASE("every reject has a name of its own") {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(Reject::Expired); ++i) {
    names.emplace_back(name_of(static_cast<Reject>(i)));
  }
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("a moved secret leaves nothing behind") {
  const ByteArray<4> bytes{1, 2, 3, 4};
  Secret<4> one{std::span<const std::uint8_t, 4>(bytes)};
  const Secret<4> copy = one.duplicate();
  const Secret<4> two(std::move(one));
  CHECK(std::ranges::equal(two.view(), bytes));
  CHECK(std::ranges::equal(copy.view(), bytes));
  CHECK(all_zero(one.view()));  // NOLINT(bugprone-use-after-move): that is the question
}

TEST_CASE("an inline vector holds what was pushed") {
  InlineVec<int, 2> v;
  CHECK(v.empty());
  v.push_back(1);
  v.push_back(2);
  CHECK(v.full());
  CHECK(v.view()[1] == 2);
  v.clear();
  CHECK(v.empty());
}
