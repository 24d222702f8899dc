// SPDX-License-Identifier: Apache-2.0
// Onion keys through their epochs, and what is remembered of the builds that they opened.
#include "keys/onion_keys.h"

#include <doctest/doctest.h>

#include <set>

#include "tests/unit/keys/support.h"
#include "wire/build.h"

namespace covfefe::test {
namespace {

using keys::BuildReplays;
using keys::Moment;
using keys::OnionKeys;

constexpr std::uint32_t minute_of(WallTime now) {
  return static_cast<std::uint32_t>(now.unix_seconds() / 60 * 60);
}

struct Clockwork {
  crypto::Drbg random{key_of(7).view()};
  Moment now{{1'000}, kNow};
  OnionKeys keys = make();

  OnionKeys make() {
    auto made = OnionKeys::make(random, now);
    if (!made) bug("locked memory");
    return std::move(*made);
  }
  void pass(Duration time) {
    now.monotonic = now.monotonic + time;
    now.wall.unix_nanoseconds += time.nanoseconds;
  }
  crypto::BuildPacket packet(const crypto::PublicKey& to, std::uint32_t made_at) {
    wire::BuildRecord record;
    record.terminal = true;
    record.made_at = made_at;
    record.lifetime = 3'600;
    crypto::BuildStop stop{to, {}};
    wire::write_build_record(record, stop.record);
    const ByteArray<crypto::kBuildPayloadSize> payload{1, 2, 3};
    crypto::BuildPacket out{};
    REQUIRE(crypto::OriginBuild::make({&stop, 1}, payload, random, out).ok());
    return out;
  }
  crypto::BuildPacket packet() { return packet(keys.shown(now)[0].key, minute_of(now.wall)); }
  Reject refusal(ByteView packet) {
    const auto opened = keys.open(packet, now);
    REQUIRE_FALSE(opened.ok());
    return opened.error();
  }
};

TEST_CASE_FIXTURE(Clockwork, "a build sealed to the newest key is opened, once") {
  const auto sealed = packet();
  const auto opened = keys.open(sealed, now);
  REQUIRE(opened.ok());
  CHECK(opened->onion_key == keys.shown(now)[0].key);
  CHECK(wire::parse_build_record(opened->opened.record)->made_at == minute_of(now.wall));
  CHECK(refusal(sealed) == Reject::Replayed);
  CHECK(keys.remembered() == 1);
}

// kNow is 800 s into its epoch: one key, and the next one from 2,400 s on.
TEST_CASE_FIXTURE(Clockwork,
                  "an epoch has a key, known before it begins and good until its grace") {
  const auto first = keys.shown(now);
  REQUIRE(first.size() == 1);
  CHECK(first[0].not_after == kNow.unix_seconds() - 800 + 4'200);
  pass(Duration::seconds(1'599));
  CHECK(keys.shown(now).size() == 1);
  pass(Duration::seconds(1));
  const auto both = keys.shown(now);
  REQUIRE(both.size() == 2);
  CHECK(both[0].key != first[0].key);
  CHECK(both[0].not_after == first[0].not_after + 3'600);
  CHECK(both[1].key == first[0].key);
  CHECK(both[1].not_after == first[0].not_after);
  pass(Duration::seconds(1'799));
  CHECK(keys.open(packet(first[0].key, minute_of(now.wall)), now).ok());
  CHECK(keys.open(packet(both[0].key, minute_of(now.wall)), now).ok());
  CHECK(keys.shown(now)[0].key == both[0].key);
}

TEST_CASE_FIXTURE(Clockwork, "ten minutes after its epoch a key is gone, asked or not") {
  const auto first = keys.shown(now)[0].key;
  pass(Duration::seconds(2'000));
  keys.rotate(now);
  pass(Duration::seconds(1'400));
  keys.rotate(now);
  CHECK(refusal(packet(first, minute_of(now.wall))) == Reject::Forged);
  CHECK(keys.shown(now).size() == 1);
  CHECK(keys.made() == 2);
}

TEST_CASE_FIXTURE(Clockwork, "no key serves two epochs, over a day") {
  std::set<crypto::PublicKey> seen;
  for (int hour = 0; hour < 24; ++hour) {
    for (const auto& one : keys.shown(now)) seen.insert(one.key);
    pass(Duration::hours(1));
  }
  CHECK(seen.size() == 24);
  CHECK(keys.made() == 24);
}

TEST_CASE_FIXTURE(Clockwork, "a machine that slept for a week has one fresh key") {
  const auto first = keys.shown(now)[0].key;
  now.wall.unix_nanoseconds += Duration::hours(7 * 24).nanoseconds;
  const auto shown = keys.shown(now);
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].key != first);
  CHECK(keys.open(packet(), now).ok());
}

TEST_CASE_FIXTURE(Clockwork,
                  "a clock that is set back keeps no key alive and leaves none without") {
  const auto first = keys.shown(now)[0].key;
  now.wall.unix_nanoseconds -= Duration::hours(100).nanoseconds;
  const auto back = keys.shown(now);
  REQUIRE(back.size() == 1);
  CHECK(back[0].key != first);
  now.monotonic = now.monotonic + Duration::minutes(90);
  CHECK(keys.shown(now)[0].key != back[0].key);
  CHECK(keys.made() == 3);
}

TEST_CASE_FIXTURE(Clockwork, "a clock that is set back by an hour has a key for both its hours") {
  pass(Duration::seconds(1'700));  // two keys
  now.wall.unix_nanoseconds -= Duration::hours(1).nanoseconds;
  const auto shown = keys.shown(now);
  REQUIRE(shown.size() == 2);
  CHECK(shown[1].not_after ==
        wire::expiry_of(static_cast<std::uint32_t>(now.wall.unix_seconds() / 3'600)));
  CHECK(keys.open(packet(shown[1].key, minute_of(now.wall)), now).ok());
}

TEST_CASE_FIXTURE(Clockwork, "a restarted keystore opens nothing that was sealed before") {
  const auto used = packet();
  const auto unused = packet();
  CHECK(keys.open(used, now).ok());
  keys = make();
  CHECK(keys.remembered() == 0);
  CHECK(refusal(used) == Reject::Forged);
  CHECK(refusal(unused) == Reject::Forged);
  CHECK(keys.open(packet(), now).ok());
}

TEST_CASE_FIXTURE(Clockwork, "ten minutes off is accepted, more is not and is not remembered") {
  const auto key = keys.shown(now)[0].key;
  const std::uint32_t at = minute_of(now.wall);
  now.wall = {std::int64_t{at} * 1'000'000'000};
  CHECK(keys.open(packet(key, at - 600), now).ok());
  CHECK(keys.open(packet(key, at + 600), now).ok());
  CHECK(refusal(packet(key, at - 660)) == Reject::Expired);
  CHECK(refusal(packet(key, at + 660)) == Reject::Expired);
  CHECK(keys.remembered() == 2);
}

TEST_CASE_FIXTURE(Clockwork, "any changed bit and any other length is refused without a trace") {
  const auto sealed = packet();
  for (const std::size_t at : {0U, 31U, 32U, 47U, 48U, 127U, 128U, 640U, 1'263U}) {
    auto changed = sealed;
    changed[at] ^= 1;
    CHECK(refusal(changed) == Reject::Forged);
  }
  std::vector<std::uint8_t> longer(sealed.begin(), sealed.end());
  longer.push_back(0);
  for (const std::size_t size : {0U, 31U, 1'263U, 1'265U}) {
    CHECK(refusal(ByteView(longer).first(size)) == Reject::WrongLength);
  }
  CHECK(keys.remembered() == 0);
  CHECK(keys.open(sealed, now).ok());
}

TEST_CASE_FIXTURE(Clockwork, "a point of small order is refused") {
  auto sealed = packet();
  std::fill_n(sealed.begin(), 32, std::uint8_t{0});
  CHECK(refusal(sealed) == Reject::WrongValue);
}

TEST_CASE_FIXTURE(Clockwork, "a record that breaks its format is refused though it was sealed") {
  crypto::BuildStop stop{keys.shown(now)[0].key, {}};
  stop.record.fill(0xee);
  const ByteArray<crypto::kBuildPayloadSize> payload{};
  crypto::BuildPacket sealed{};
  REQUIRE(crypto::OriginBuild::make({&stop, 1}, payload, random, sealed).ok());
  CHECK_FALSE(keys.open(sealed, now).ok());
  CHECK(keys.remembered() == 0);
}

struct Memory {
  crypto::Drbg random{key_of(8).view()};
  BuildReplays replays{random};
  WallTime now{std::int64_t{minute_of(kNow)} * 1'000'000'000};
  std::uint32_t next = 0;

  void pass(std::int64_t seconds) { now.unix_nanoseconds += seconds * 1'000'000'000; }
  crypto::PublicKey fresh() {
    crypto::PublicKey out{};
    store_le(out.data(), ++next);
    return out;
  }
};

TEST_CASE_FIXTURE(Memory, "the same ephemeral under two dates is a replay") {
  const auto e = fresh();
  CHECK(replays.admit(e, minute_of(now), now).ok());
  CHECK(replays.admit(e, minute_of(now) + 60, now).error() == Reject::Replayed);
}

TEST_CASE_FIXTURE(Memory, "what is forgotten stays refused when the clock is set back") {
  const auto e = fresh();
  const std::uint32_t at = minute_of(now);
  CHECK(replays.admit(e, at, now).ok());
  pass(659);
  CHECK_FALSE(replays.full(now));
  CHECK(replays.size() == 1);
  pass(1);
  replays.forget_due(now);
  CHECK(replays.size() == 0);
  pass(-660);
  CHECK(replays.admit(e, at, now).error() == Reject::Expired);
  CHECK(replays.admit(fresh(), at, now).error() == Reject::Expired);
  CHECK(replays.admit(fresh(), at + 60, now).ok());
}

TEST_CASE_FIXTURE(Memory, "a full memory refuses until the oldest minute is due") {
  const std::uint32_t at = minute_of(now);
  for (std::size_t i = 0; i < keys::kMaxReplays; ++i)
    if (!replays.admit(fresh(), i < 10 ? at - 60 : at, now).ok()) bug("admit");
  CHECK(replays.full(now));
  CHECK(replays.admit(fresh(), at, now).error() == Reject::Overloaded);
  pass(600);
  CHECK_FALSE(replays.full(now));
  CHECK(replays.size() == keys::kMaxReplays - 10);
}

}  // namespace
}  // namespace covfefe::test
