// SPDX-License-Identifier: Apache-2.0
#include "keys/tai64n.h"

#include <doctest/doctest.h>

#include "tests/unit/keys/support.h"

namespace covfefe::test {
namespace {

using keys::Tai64n;

WallTime at(Duration after) {
  return {kNow.unix_nanoseconds + after.nanoseconds};
}

// The timestamp of a first message, as the responder `of` decrypts it.
struct Wire {
  KeyDirectory here{1};
  KeyDirectory there{2};
  std::unique_ptr<keys::Vault> sender = here.open();
  std::unique_ptr<keys::Vault> receiver = there.open();
  FriendRecord of_receiver = endorsed(*sender, record_of(receiver->identity(), "there"));
  FriendRecord of_sender = endorsed(*receiver, record_of(sender->identity(), "here"));

  Wire() {
    load_sender();
    receiver->load(std::vector<FriendRecord>{of_sender}, {});
  }
  void load_sender() { sender->load(std::vector<FriendRecord>{of_receiver}, {}); }
  void restart_sender() {
    sender = here.open();
    load_sender();
  }
  Result<Tai64n> send(WallTime now) {
    const auto first = sender->initiate({of_receiver.static_key, {}}, now);
    REQUIRE(first.ok());
    const auto answer = receiver->respond(first->message, {});
    if (!answer.ok()) return answer.error();
    return answer->timestamp;
  }
};

TEST_CASE("TAI64N labels are 2^62 + 10 + Unix seconds, big-endian, rounded down") {
  const Tai64n label = keys::tai64n_of({1'000'000'000'123'456'789});
  CHECK(label.seconds == 0x400000003b9aca0aULL);
  CHECK(label.nanoseconds == 123'456'789U - 123'456'789U % keys::kTick);
  CHECK(*keys::parse_tai64n(label.bytes()) == label);
  CHECK(label.bytes()[0] == 0x40);
  CHECK(keys::tai64n_of({-5}) == keys::tai64n_of({0}));
}

TEST_CASE("a label of a wrong length or with too many nanoseconds is nothing") {
  ByteArray<13> bytes{};
  CHECK_FALSE(keys::parse_tai64n(ByteView(bytes).first(11)));
  CHECK_FALSE(keys::parse_tai64n(bytes));
  store_be<std::uint32_t>(bytes.data() + 8, 1'000'000'000);
  CHECK_FALSE(keys::parse_tai64n(ByteView(bytes).first(12)));
}

TEST_CASE("one tick later is always later, over the second too") {
  Tai64n now = keys::tai64n_of(kNow);
  for (int i = 0; i < 200; ++i) {
    const Tai64n next = keys::later_by(now, Duration{1});
    CHECK(next > now);
    CHECK(next.nanoseconds < 1'000'000'000);
    now = next;
  }
}

TEST_CASE("timestamps grow within one tick of the clock") {
  Wire wire;
  const auto first = wire.send(kNow);
  const auto second = wire.send(kNow);
  REQUIRE(second.ok());
  CHECK(*first == keys::tai64n_of(kNow));
  CHECK(*second > *first);
}

TEST_CASE("a clock that is set back a year does not take timestamps back") {
  Wire wire;
  REQUIRE(wire.send(kNow).ok());
  CHECK(wire.send(at(Duration::hours(-24 * 365))).ok());
  CHECK(wire.send(at(Duration::seconds(1))).ok());
}

TEST_CASE("timestamps grow over restarts, with the clock still, back or forward") {
  Wire wire;
  for (const Duration shift : {Duration{}, Duration::hours(-10), Duration::minutes(59),
                               Duration::minutes(-1), Duration::hours(2), Duration{}}) {
    CHECK(wire.send(at(shift)).ok());
    wire.restart_sender();
    CHECK(wire.send(at(shift)).ok());
  }
}

TEST_CASE("a thousand handshakes with a stopped clock, across restarts, are all accepted") {
  Wire wire;
  for (int i = 0; i < 1'000; ++i) {
    if (i % 100 == 0) wire.restart_sender();
    CHECK(wire.send(kNow).ok());
  }
}

TEST_CASE("restarts do not run away from the clock") {
  Wire wire;
  for (int i = 0; i < 50; ++i) {
    wire.restart_sender();
    REQUIRE(wire.send(kNow).ok());
  }
  const auto last = wire.send(kNow);
  REQUIRE(last.ok());
  CHECK(*last < keys::tai64n_of(at(Duration::hours(1) + Duration::minutes(5))));
}

TEST_CASE("the ceiling is stored before it is needed, and once an hour at most") {
  Wire wire;
  REQUIRE(wire.send(kNow).ok());
  const auto stored = wire.here.file();
  REQUIRE(wire.send(at(Duration::minutes(29))).ok());
  CHECK(wire.here.file() == stored);
  REQUIRE(wire.send(at(Duration::minutes(31))).ok());
  CHECK(wire.here.file() != stored);
}

TEST_CASE("with a disk that refuses, handshakes go on up to the ceiling and then stop") {
  Wire wire;
  REQUIRE(wire.send(kNow).ok());
  std::filesystem::remove_all(wire.here.directory.text());
  CHECK(wire.send(at(Duration::minutes(45))).ok());
  const auto refused =
      wire.sender->initiate({wire.of_receiver.static_key, {}}, at(Duration::minutes(61)));
  REQUIRE_FALSE(refused.ok());
  CHECK(std::holds_alternative<SysError>(refused.error()));
}

}  // namespace
}  // namespace covfefe::test
