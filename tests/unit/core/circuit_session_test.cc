// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <vector>

#include "core/circuit/e2e.h"
#include "core/circuit/identity.h"
#include "crypto/address.h"
#include "crypto/drbg.h"
#include "crypto/sign.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

constexpr WallTime kWall{1'800'000'000'000'000'000};

crypto::Drbg seeded(std::uint8_t seed) {
  ByteArray<32> key{};
  key[0] = seed;
  return crypto::Drbg(key);
}

struct Party {
  crypto::Drbg random;
  crypto::SigningPair service;
  Address address;
  SessionIdentity identity;
  explicit Party(std::uint8_t seed) : random(seeded(seed)) {
    service = crypto::make_signing_pair(random);
    address = crypto::overlay_address(service.public_key);
    identity.pair = crypto::make_key_pair(random);
    certify(kWall.unix_seconds() + 3600);
  }
  void certify(std::int64_t not_after) {
    identity.certificate = crypto::make_certificate(service, identity.pair.public_key, not_after);
  }
};

struct Dialogue {
  Party a{1};
  Party b{2};
  std::unique_ptr<E2e> left;
  std::unique_ptr<E2e> right;
  E2e::Message1 first{};
  E2e::Message2 second{};

  void open() { left = E2e::open({a.identity, b.address, b.address}, a.random, first); }
  Result<void> answer() {
    auto made = E2e::answer({b.identity, b.address, a.address}, first, b.random, second);
    if (!made) return made.error();
    right = std::move(*made);
    return {};
  }
  void keyed() {
    open();
    REQUIRE(answer().ok());
    REQUIRE(left->opened(second, kWall, a.random).ok());
  }
};

std::vector<std::uint8_t> sealed(E2e& from, std::size_t plain, std::uint8_t fill) {
  std::vector<std::uint8_t> body(plain == wire::kSmallPlain ? wire::kSmallBody : wire::kLargeBody);
  from.seal(std::vector<std::uint8_t>(plain, fill), body);
  return body;
}

}  // namespace

TEST_CASE("the third message with the first data keys a session in both directions") {
  Dialogue d;
  d.keyed();
  CHECK(d.left->keyed());
  CHECK_FALSE(d.left->confirmed());
  CHECK_FALSE(d.right->keyed());
  auto body = sealed(*d.left, wire::kFirstPlain, 7);
  const auto plain = d.right->open(body, kWall);
  REQUIRE(plain.ok());
  CHECK(plain->size() == wire::kFirstPlain);
  CHECK((*plain)[0] == 7);
  CHECK(d.right->confirmed());
  auto back = sealed(*d.right, wire::kSmallPlain, 8);
  REQUIRE(d.left->open(back, kWall).ok());
  CHECK(d.left->confirmed());
  auto large = sealed(*d.left, wire::kLargePlain, 9);
  CHECK(d.right->open(large, kWall)->size() == wire::kLargePlain);
}

TEST_CASE("the third message may come several times, each time with new data") {
  Dialogue d;
  d.keyed();
  auto one = sealed(*d.left, wire::kFirstPlain, 1);
  auto two = sealed(*d.left, wire::kFirstPlain, 2);
  CHECK(d.right->open(two, kWall).ok());
  CHECK(d.right->open(one, kWall).ok());
}

TEST_CASE("data before the third message is not opened") {
  Dialogue d;
  d.keyed();
  auto body = sealed(*d.left, wire::kLargePlain, 1);
  CHECK(d.right->open(body, kWall).error() == Reject::Unexpected);
}

TEST_CASE("a replayed or changed body is refused and harms nothing") {
  Dialogue d;
  d.keyed();
  auto first = sealed(*d.left, wire::kFirstPlain, 1);
  auto copy_of_first = first;
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{60}, std::size_t{300}, first.size() - 1}) {
    auto bent = first;
    bent[at] ^= 1;
    CHECK_FALSE(d.right->open(bent, kWall).ok());
  }
  CHECK(d.right->open(first, kWall).ok());
  CHECK(d.right->open(copy_of_first, kWall).error() == Reject::Replayed);
}

TEST_CASE("loose cells have a count and a window of their own") {
  Dialogue d;
  d.keyed();
  auto first = sealed(*d.left, wire::kFirstPlain, 1);
  REQUIRE(d.right->open(first, kWall).ok());
  CHECK(E2e::place(first) == 1);
  std::vector<std::uint8_t> oldest(wire::kSmallBody);
  const std::vector<std::uint8_t> plain(wire::kSmallPlain, 5);
  d.left->seal(plain, oldest, Order::Loose);
  auto again = oldest;
  CHECK(d.right->open(oldest, kWall).ok());
  CHECK_FALSE(E2e::place(oldest));
  CHECK(d.right->open(again, kWall).error() == Reject::Replayed);
  auto second = sealed(*d.left, wire::kSmallPlain, 2);
  auto bent = second;
  bent[7] = 2;  // the same number, but loose
  CHECK(d.right->open(bent, kWall).error() == Reject::Forged);
  CHECK(d.right->open(second, kWall).ok());
  CHECK(E2e::place(second) == 2);
  // Ten thousand of one kind do not push out one of the other.
  auto late = sealed(*d.left, wire::kSmallPlain, 3);
  for (int i = 0; i < 10'000; ++i) {
    std::vector<std::uint8_t> body(wire::kSmallBody);
    d.left->seal(plain, body, Order::Loose);
    if (i % 1'000 == 0) REQUIRE(d.right->open(body, kWall).ok());
  }
  CHECK(d.right->open(late, kWall).ok());
}

TEST_CASE("who does not know the address gets no answer") {
  Dialogue d;
  d.left = E2e::open({d.a.identity, d.a.address, d.b.address}, d.a.random, d.first);
  CHECK(d.answer().error() == Reject::Forged);
}

TEST_CASE("a responder that is not the dialled one is refused by the initiator") {
  Dialogue d;
  Party c{3};
  d.open();
  auto made = E2e::answer({c.identity, d.b.address, d.a.address}, d.first, c.random, d.second);
  REQUIRE(made.ok());
  CHECK(d.left->opened(d.second, kWall, d.a.random).error() == Reject::Unknown);
  CHECK_FALSE(d.left->keyed());
}

TEST_CASE("an initiator that is not the friend is refused by the responder for good") {
  Dialogue d;
  d.open();
  auto made = E2e::answer({d.b.identity, d.b.address, d.b.address}, d.first, d.b.random, d.second);
  REQUIRE(made.ok());
  REQUIRE(d.left->opened(d.second, kWall, d.a.random).ok());
  auto body = sealed(*d.left, wire::kFirstPlain, 1);
  auto again = body;
  CHECK((*made)->open(body, kWall).error() == Reject::Unknown);
  CHECK((*made)->open(again, kWall).error() == Reject::Unexpected);
  CHECK_FALSE((*made)->keyed());
}

TEST_CASE("an expired certificate opens no session on either side") {
  Dialogue d;
  d.b.certify(kWall.unix_seconds() - 4000);
  d.open();
  REQUIRE(d.answer().ok());
  CHECK(d.left->opened(d.second, kWall, d.a.random).error() == Reject::Expired);
}

TEST_CASE("a body of a kind that nobody knows is refused") {
  Dialogue d;
  d.keyed();
  auto body = sealed(*d.left, wire::kLargePlain, 1);
  body[7] = 3;
  CHECK(d.right->open(body, kWall).error() == Reject::WrongType);
  auto small = sealed(*d.left, wire::kSmallPlain, 1);
  small[7] = 1;
  CHECK(d.right->open(small, kWall).error() == Reject::WrongType);
}

// ---- identity -----------------------------------------------------------------------------------

namespace {

struct Keeper {
  Party me{9};
  Identity identity{me.address};
  KeystoreReply reply(const Certify& ask, std::int64_t lifetime) {
    return {RequestId{5}, Certified{crypto::make_certificate(me.service, ask.session_key,
                                                             kWall.unix_seconds() + lifetime)}};
  }
  bool obtain(Instant now) {
    const auto ask = identity.due(now, me.random);
    if (!ask) return false;
    identity.asked(RequestId{5});
    return identity.answered(reply(*ask, 3600 + now.nanoseconds / 1'000'000'000), now);
  }
};

}  // namespace

TEST_CASE("a certificate is asked for when the keystore and the time are known") {
  Keeper k;
  const Instant start{};
  CHECK_FALSE(k.identity.due(start, k.me.random).has_value());
  k.identity.keystore(start);
  CHECK_FALSE(k.identity.due(start, k.me.random).has_value());
  k.identity.clock(kWall, start);
  CHECK(k.identity.next_deadline() == start);
  CHECK(k.obtain(start));
  CHECK(k.identity.valid(start) != nullptr);
}

TEST_CASE("a certificate is renewed half an hour before its end and holds without the keystore") {
  Keeper k;
  const Instant start{};
  k.identity.clock(kWall, start);
  k.identity.keystore(start);
  REQUIRE(k.obtain(start));
  CHECK(k.identity.next_deadline() == start + Duration::minutes(30));
  CHECK_FALSE(k.obtain(start + Duration::minutes(29)));
  k.identity.keystore_gone();
  CHECK(k.identity.next_deadline().is_never());
  CHECK(k.identity.valid(start + Duration::minutes(58)) != nullptr);
  CHECK(k.identity.valid(start + Duration::minutes(60)) == nullptr);
  k.identity.keystore(start + Duration::hours(2));
  CHECK(k.obtain(start + Duration::hours(2)));
  CHECK(k.identity.valid(start + Duration::hours(2)) != nullptr);
}

TEST_CASE("a keystore that does not answer, refuses or answers for another is asked again") {
  Keeper k;
  const Instant start{};
  k.identity.clock(kWall, start);
  k.identity.keystore(start);
  const auto ask = k.identity.due(start, k.me.random);
  REQUIRE(ask.has_value());
  k.identity.asked(RequestId{5});
  CHECK_FALSE(k.identity.expects(RequestId{6}));
  CHECK(k.identity.next_deadline() == start + Duration::seconds(5));
  CHECK_FALSE(k.identity.answered({RequestId{5}, Reject::Overloaded}, start));
  CHECK(k.identity.valid(start) == nullptr);
  const Instant later = start + Duration::seconds(5);
  const auto again = k.identity.due(later, k.me.random);
  REQUIRE(again.has_value());
  CHECK(again->session_key != ask->session_key);
  Party other{10};
  const auto stolen =
      crypto::make_certificate(other.service, again->session_key, kWall.unix_seconds() + 3600);
  CHECK_FALSE(k.identity.answered({RequestId{5}, Certified{stolen}}, later));
  CHECK(k.identity.valid(later) == nullptr);
}
