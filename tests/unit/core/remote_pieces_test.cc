// SPDX-License-Identifier: Apache-2.0
// Pieces of sessions over circuits: attach tokens, who is at the far end, one-time identities.
#include <doctest/doctest.h>

#include "core/circuit/attach.h"
#include "core/circuit/e2e.h"
#include "core/circuit/one_time.h"
#include "core/circuit/peers.h"
#include "crypto/address.h"
#include "crypto/drbg.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

constexpr WallTime kWall{1'800'000'000'000'000'000};

crypto::Drbg seeded(std::uint8_t seed) {
  ByteArray<32> key{};
  key[0] = seed;
  return crypto::Drbg(key);
}

struct Ends {
  crypto::Drbg random = seeded(3);
  ByteArray<32> exported{1, 2, 3};
  Attach initiator{exported, crypto::Role::Initiator};
  Attach responder{exported, crypto::Role::Responder};
  crypto::PublicKey build{7};
};

Address numbered(std::uint16_t n) {
  Address out = *parse_address("fd00::");
  store_be<std::uint16_t>(out.bytes.data() + 14, n);
  return out;
}

Friend friend_of(std::uint32_t id, const Address& address) {
  Friend out;
  out.id = FriendId{id};
  out.address = address;
  return out;
}

}  // namespace

// ---- tokens -------------------------------------------------------------------------------------

TEST_CASE("both ends know a session by the same name, and each can bring a circuit to it") {
  Ends ends;
  CHECK(ends.initiator.session() == ends.responder.session());
  for (auto [asks, answers] :
       {std::pair{&ends.initiator, &ends.responder}, std::pair{&ends.responder, &ends.initiator}}) {
    for (int i = 0; i < 3; ++i) {
      const wire::AttachCircuit asked = asks->ask(ends.build);
      const auto answer = answers->answer(asked, ends.build);
      REQUIRE(answer.ok());
      CHECK(asks->agreed(asked, ends.build, *answer));
    }
  }
}

TEST_CASE("a token counts once, and only in the build that it was made for") {
  Ends ends;
  const wire::AttachCircuit asked = ends.initiator.ask(ends.build);
  const crypto::PublicKey another{8};
  CHECK(ends.responder.answer(asked, another).error() == Reject::Forged);
  CHECK(ends.responder.answer(asked, ends.build).ok());
  CHECK(ends.responder.answer(asked, ends.build).error() == Reject::Replayed);
}

TEST_CASE("a changed or reflected token is refused and uses up no counter") {
  Ends ends;
  wire::AttachCircuit asked = ends.initiator.ask(ends.build);
  CHECK(ends.initiator.answer(asked, ends.build).error() == Reject::Forged);
  for (std::size_t at = 0; at < asked.token.size(); ++at) {
    wire::AttachCircuit bent = asked;
    bent.token[at] ^= 1;
    CHECK(ends.responder.answer(bent, ends.build).error() == Reject::Forged);
  }
  wire::AttachCircuit ahead = asked;
  ahead.counter[6] = 1;
  CHECK(ends.responder.answer(ahead, ends.build).error() == Reject::Forged);
  wire::AttachCircuit none = asked;
  none.counter = {};
  CHECK(ends.responder.answer(none, ends.build).error() == Reject::Replayed);
  CHECK(ends.responder.answer(asked, ends.build).ok());
}

TEST_CASE("an answer that another question or another session was given proves nothing") {
  Ends ends;
  const wire::AttachCircuit first = ends.initiator.ask(ends.build);
  const wire::AttachCircuit second = ends.initiator.ask(ends.build);
  const auto answer = ends.responder.answer(first, ends.build);
  REQUIRE(answer.ok());
  CHECK_FALSE(ends.initiator.agreed(second, ends.build, *answer));
  CHECK_FALSE(ends.initiator.agreed(first, ends.build, wire::CircuitAttached{first.token}));
  const Attach stranger(ByteArray<32>{9}, crypto::Role::Initiator);
  CHECK_FALSE(stranger.agreed(first, ends.build, *answer));
}

TEST_CASE("a counter far below the newest is refused even if it never came") {
  Ends ends;
  const wire::AttachCircuit old = ends.initiator.ask(ends.build);
  for (int i = 0; i < 70; ++i) {
    REQUIRE(ends.responder.answer(ends.initiator.ask(ends.build), ends.build).ok());
  }
  CHECK(ends.responder.answer(old, ends.build).error() == Reject::Replayed);
}

// ---- who comes ----------------------------------------------------------------------------------

TEST_CASE("who answers a session that anybody may open learns the address from message 3") {
  crypto::Drbg random = seeded(4);
  OneTime caller;
  OneTime called;
  caller.make(random);
  called.make(random);
  E2e::Message1 first{};
  E2e::Message2 second{};
  const Address to = *called.address();
  const auto left = E2e::open({caller.certified(kWall, random), to, to}, random, first);
  auto right =
      E2e::answer({called.certified(kWall, random), to, std::nullopt}, first, random, second);
  REQUIRE(right.ok());
  CHECK_FALSE((*right)->peer().has_value());
  REQUIRE(left->opened(second, kWall, random).ok());
  std::vector<std::uint8_t> body(wire::kLargeBody);
  left->seal(std::vector<std::uint8_t>(wire::kFirstPlain), body);
  REQUIRE((*right)->open(body, kWall).ok());
  CHECK((*right)->peer() == caller.address());
  CHECK((*right)->attach().session() == left->attach().session());
}

TEST_CASE("a one-time identity is another one each time, and gone when it is dropped") {
  crypto::Drbg random = seeded(5);
  OneTime once;
  CHECK_FALSE(once.address().has_value());
  once.make(random);
  const auto address = once.address();
  REQUIRE(address.has_value());
  CHECK(address->is_overlay());
  once.make(random);
  CHECK(once.address() != address);
  once.drop();
  CHECK_FALSE(once.address().has_value());
}

TEST_CASE("a one-time identity certifies itself anew before its certificate ends") {
  crypto::Drbg random = seeded(6);
  OneTime once;
  once.make(random);
  const crypto::Certificate first = once.certified(kWall, random).certificate;
  const WallTime soon{kWall.unix_nanoseconds + Duration::minutes(20).nanoseconds};
  CHECK(once.certified(soon, random).certificate == first);
  const WallTime later{kWall.unix_nanoseconds + Duration::minutes(31).nanoseconds};
  const SessionIdentity& renewed = once.certified(later, random);
  CHECK(renewed.certificate != first);
  CHECK(*crypto::check_certificate(renewed.certificate, renewed.pair.public_key, later) ==
        *once.address());
}

TEST_CASE("a one-time certificate of a clock that was set back is made anew") {
  crypto::Drbg random = seeded(7);
  OneTime once;
  once.make(random);
  const WallTime wrong{kWall.unix_nanoseconds + Duration::hours(3).nanoseconds};
  (void)once.certified(wrong, random);
  const SessionIdentity& renewed = once.certified(kWall, random);
  CHECK(crypto::check_certificate(renewed.certificate, renewed.pair.public_key, kWall).ok());
}

// ---- far ends -----------------------------------------------------------------------------------

TEST_CASE("third parties are bounded, the two kinds apart, and the idlest is found") {
  Peers peers;
  for (std::uint16_t i = 0; i < Peers::kCame; ++i) {
    peers.add(numbered(i), Third::Came).used = Instant{} + Duration::seconds(i % 7 + 10);
  }
  CHECK(peers.full(Third::Came));
  CHECK_FALSE(peers.full(Third::Dialled));
  Peer* idle = peers.idlest(Third::Came, Instant{} + Duration::seconds(12));
  REQUIRE(idle != nullptr);
  CHECK(idle->used == Instant{} + Duration::seconds(10));
  CHECK(peers.idlest(Third::Came, Instant{} + Duration::seconds(10)) == nullptr);
  CHECK(peers.idlest(Third::Dialled, Instant{} + Duration::hours(1)) == nullptr);
  const Address gone = idle->address;
  peers.remove(*idle);
  CHECK(peers.find(gone) == nullptr);
  CHECK_FALSE(peers.full(Third::Came));
  peers.promote(*peers.find(numbered(5)));
  CHECK(peers.idlest(Third::Dialled, Instant{} + Duration::hours(1)) == peers.find(numbered(5)));
}

TEST_CASE("a third party that becomes a friend stays the same far end, and the other way round") {
  Peers peers;
  Peer& dave = peers.add(numbered(4), Third::Dialled);
  CHECK(&peers.befriend(LinkSlot{2}, friend_of(9, numbered(4))) == &dave);
  CHECK(peers.at(LinkSlot{2}) == &dave);
  CHECK(dave.id == FriendId{9});
  peers.unfriend(dave);
  CHECK(peers.at(LinkSlot{2}) == nullptr);
  CHECK(peers.find(numbered(4)) == &dave);
  peers.remove(dave);
  CHECK(peers.find(numbered(4)) == nullptr);
}

TEST_CASE("of two friends that claim one address the first has it") {
  Peers peers;
  Peer& first = peers.befriend(LinkSlot{0}, friend_of(1, numbered(1)));
  Peer& second = peers.befriend(LinkSlot{1}, friend_of(2, numbered(1)));
  CHECK(peers.find(numbered(1)) == &first);
  peers.unfriend(second);
  peers.remove(second);
  CHECK(peers.find(numbered(1)) == &first);
}

TEST_CASE("the far end that is due first comes first, and one that is gone never comes") {
  Peers peers;
  Peer& one = peers.add(numbered(1), Third::Dialled);
  Peer& two = peers.add(numbered(2), Third::Dialled);
  peers.due(one, Instant{} + Duration::seconds(5));
  peers.due(two, Instant{} + Duration::seconds(3));
  CHECK(&peers.first() == &two);
  peers.remove(two);
  CHECK(&peers.first() == &one);
  peers.due(one, Instant::never());
  CHECK(peers.next_deadline().is_never());
}
