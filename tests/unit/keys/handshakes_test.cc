// SPDX-License-Identifier: Apache-2.0
// Both roles against each other, and each against Noise driven by hand as an independent peer.
#include "keys/handshakes.h"

#include <doctest/doctest.h>

#include "tests/unit/keys/support.h"

namespace covfefe::test {
namespace {

constexpr keys::BootId kBootA{1, 2, 3, 4, 5, 6, 7, 8};
constexpr keys::BootId kBootB{8, 7, 6, 5, 4, 3, 2, 1};

struct Pair {
  KeyDirectory directory_a{1};
  KeyDirectory directory_b{2};
  std::unique_ptr<keys::Vault> a = directory_a.open();
  std::unique_ptr<keys::Vault> b = directory_b.open();
  std::vector<FriendRecord> friends_of_a;
  std::vector<FriendRecord> friends_of_b;

  void befriend(ByteView psk_a, ByteView psk_b) {
    friends_of_a = {endorsed(*a, record_of(b->identity(), "b"), psk_a)};
    friends_of_b = {endorsed(*b, record_of(a->identity(), "a"), psk_b)};
    a->load(friends_of_a, {});
    b->load(friends_of_b, {});
  }
  keys::Initiated start() {
    auto first = a->initiate({b->identity().static_key, kBootA}, kNow);
    REQUIRE(first.ok());
    return *first;
  }
};

void check_session(const keys::Established& a, const keys::Established& b) {
  CHECK(crypto::equal(a.keys.send.view(), b.keys.receive.view()));
  CHECK(crypto::equal(a.keys.receive.view(), b.keys.send.view()));
  CHECK_FALSE(crypto::equal(a.keys.send.view(), a.keys.receive.view()));
}

TEST_CASE_FIXTURE(Pair, "two friends agree on keys, boot ids and versions") {
  const auto psk = key_of(0x77);
  SUBCASE("without a PSK") {
    befriend({}, {});
  }
  SUBCASE("with a PSK") {
    befriend(psk.view(), psk.view());
  }
  const auto first = start();
  const auto answer = b->respond(first.message, kBootB);
  REQUIRE(answer.ok());
  const auto session = a->finish(first.handshake, answer->message);
  REQUIRE(session.ok());
  check_session(*session, answer->session);
  CHECK(session->static_key == b->identity().static_key);
  CHECK(answer->session.static_key == a->identity().static_key);
  CHECK(session->boot_id == kBootB);
  CHECK(answer->session.boot_id == kBootA);
  CHECK(session->version == keys::kLinkVersion);
  CHECK(a->pending() == 0);
}

TEST_CASE_FIXTURE(Pair, "different PSKs do not agree, and the handshake stays pending") {
  befriend(key_of(1).view(), key_of(2).view());
  const auto first = start();
  const auto answer = b->respond(first.message, kBootB);
  REQUIRE(answer.ok());
  CHECK(a->finish(first.handshake, answer->message).error() == Reject::Forged);
  CHECK(a->pending() == 1);
}

TEST_CASE_FIXTURE(Pair, "endorsing again without a PSK keeps it; 32 zero bytes remove it") {
  befriend(key_of(1).view(), key_of(1).view());
  friends_of_a = {endorsed(*a, record_of(b->identity(), "renamed"))};
  a->load(friends_of_a, {});
  auto first = start();
  auto answer = b->respond(first.message, kBootB);
  CHECK(a->finish(first.handshake, answer->message).ok());

  friends_of_a = {endorsed(*a, record_of(b->identity(), "renamed"), ByteArray<32>{})};
  a->load(friends_of_a, {});
  first = start();
  answer = b->respond(first.message, kBootB);
  CHECK(a->finish(first.handshake, answer->message).error() == Reject::Forged);
}

TEST_CASE_FIXTURE(Pair, "an answer is taken once, and a forged one first does no harm") {
  befriend({}, {});
  const auto first = start();
  const auto answer = b->respond(first.message, kBootB);
  REQUIRE(answer.ok());
  for (const std::size_t at : {0U, 31U, 32U, 100U, 211U}) {
    auto forged = answer->message;
    forged[at] ^= 1;
    CHECK(a->finish(first.handshake, forged).error() == Reject::Forged);
  }
  CHECK(a->finish(first.handshake, ByteView(answer->message).first(211)).error() ==
        Reject::WrongLength);
  CHECK(a->finish(first.handshake + 1, answer->message).error() == Reject::Unknown);
  CHECK(a->finish(first.handshake, answer->message).ok());
  CHECK(a->finish(first.handshake, answer->message).error() == Reject::Unknown);
}

TEST_CASE_FIXTURE(Pair, "a first message that was altered or has a wrong length is refused") {
  befriend({}, {});
  const auto first = start();
  for (std::size_t at = 0; at < first.message.size(); at += 5) {
    auto forged = first.message;
    forged[at] ^= 0x10;
    CHECK_FALSE(b->respond(forged, kBootB).ok());
  }
  CHECK(b->respond(ByteView(first.message).first(215), kBootB).error() == Reject::WrongLength);
  CHECK(b->respond({}, kBootB).error() == Reject::WrongLength);
  CHECK(b->respond(first.message, kBootB).ok());
}

TEST_CASE_FIXTURE(Pair, "a replayed or overtaken first message is refused") {
  befriend({}, {});
  const auto first = start();
  const auto second = start();
  CHECK(b->respond(second.message, kBootB).ok());
  CHECK(b->respond(second.message, kBootB).error() == Reject::Replayed);
  CHECK(b->respond(first.message, kBootB).error() == Reject::Replayed);
}

TEST_CASE_FIXTURE(Pair, "loading the table again, or emptying it between, forgets no timestamp") {
  befriend({}, {});
  const auto first = start();
  CHECK(b->respond(first.message, kBootB).ok());
  b->load({}, {});
  CHECK(b->respond(first.message, kBootB).error() == Reject::Unknown);
  b->load(friends_of_b, {});
  CHECK(b->respond(first.message, kBootB).error() == Reject::Replayed);
}

TEST_CASE_FIXTURE(Pair, "after a restart the router's list of timestamps stops replays") {
  befriend({}, {});
  const auto first = start();
  const auto answer = b->respond(first.message, kBootB);
  REQUIRE(answer.ok());
  b = directory_b.open();
  b->load(friends_of_b, std::vector<keys::Seen>{{a->identity().static_key, answer->timestamp}});
  CHECK(b->respond(first.message, kBootB).error() == Reject::Replayed);
  b->load(friends_of_b, std::vector<keys::Seen>{{a->identity().static_key, {}}});
  CHECK(b->respond(first.message, kBootB).error() == Reject::Replayed);
  CHECK(b->respond(start().message, kBootB).ok());
}

TEST_CASE_FIXTURE(Pair, "strangers and revoked friends get nothing, in either role") {
  befriend({}, {});
  const auto first = start();
  b->load({}, {});
  CHECK(b->respond(first.message, kBootB).error() == Reject::Unknown);
  REQUIRE(a->revoke(b->identity().identity_key).ok());
  CHECK(a->pending() == 0);
  CHECK(std::get<Reject>(a->initiate({b->identity().static_key, kBootA}, kNow).error()) ==
        Reject::Unknown);
}

TEST_CASE_FIXTURE(Pair, "a friend who is unloaded cannot finish") {
  befriend({}, {});
  const auto first = start();
  const auto answer = b->respond(first.message, kBootB);
  a->load({}, {});
  CHECK(a->finish(first.handshake, answer->message).error() == Reject::Unknown);
}

TEST_CASE_FIXTURE(Pair, "pending handshakes are bounded; the oldest makes room") {
  befriend({}, {});
  const auto oldest = start();
  const auto answer = b->respond(oldest.message, kBootB);
  for (std::size_t i = 0; i < keys::kMaxPending; ++i) start();
  CHECK(a->pending() == keys::kMaxPending);
  CHECK(a->finish(oldest.handshake, answer->message).error() == Reject::Unknown);
}

crypto::NoiseSetup by_hand(crypto::Role role, const crypto::KeyPair& own) {
  crypto::NoiseSetup out;
  out.pattern = crypto::find_pattern("IKpsk2");
  out.role = role;
  out.prologue = bytes_of("covfefe link v1");
  out.local_static = own.view();
  return out;
}

// A peer that is not this library: bare Noise, and payloads written byte by byte from B2.
struct Hand : Pair {
  crypto::KeyPair own = crypto::make_key_pair(directory_a.random);
  FriendRecord record = stranger(9);

  Hand() {
    record.static_key = own.public_key;
    record = endorsed(*b, record, key_of(0x42).view());
    b->load(std::vector<FriendRecord>{record}, {});
  }
};

TEST_CASE_FIXTURE(Hand, "an initiator driven by hand is answered as B2 says") {
  auto setup = by_hand(crypto::Role::Initiator, own);
  setup.remote_static = b->identity().static_key;
  crypto::NoiseHandshake noise(setup);
  noise.set_psk(key_of(0x42).view());
  ByteArray<120> payload{};
  copy(keys::tai64n_of(kNow).bytes(), payload);
  copy(kBootA, MutableBytes(payload).subspan(12));
  payload[20] = 1;
  ByteArray<216> message{};
  REQUIRE(*noise.write(payload, directory_a.random, message) == 216);
  const auto answer = b->respond(message, kBootB);
  REQUIRE(answer.ok());
  ByteArray<164> reply{};
  REQUIRE(*noise.read(answer->message, reply) == 164);
  CHECK(std::equal(kBootB.begin(), kBootB.end(), reply.begin()));
  CHECK(reply[8] == 1);
  CHECK(all_zero(ByteView(reply).subspan(9)));
  const auto keys = noise.split();
  CHECK(crypto::equal(keys.send.view(), answer->session.keys.receive.view()));
}

TEST_CASE_FIXTURE(Hand, "authentic payloads with wrong contents are refused") {
  const auto respond_to = [&](std::size_t at, std::uint8_t value) {
    auto setup = by_hand(crypto::Role::Initiator, own);
    setup.remote_static = b->identity().static_key;
    crypto::NoiseHandshake noise(setup);
    ByteArray<120> payload{};
    copy(keys::tai64n_of(kNow).bytes(), payload);
    payload[20] = 1;
    payload[at] = value;
    ByteArray<216> message{};
    REQUIRE(noise.write(payload, directory_a.random, message).ok());
    return b->respond(message, kBootB).error();
  };
  CHECK(respond_to(8, 0xff) == Reject::WrongValue);  // nanoseconds
  CHECK(respond_to(20, 0) == Reject::WrongType);     // version
  CHECK(respond_to(24, 1) == Reject::WrongValue);    // the first zero byte
  CHECK(respond_to(119, 1) == Reject::WrongValue);   // the last
}

TEST_CASE_FIXTURE(Hand, "a responder driven by hand finishes what the vault began") {
  crypto::KeyPair theirs = crypto::make_key_pair(directory_b.random);
  FriendRecord of_theirs = stranger(10);
  of_theirs.static_key = theirs.public_key;
  of_theirs = endorsed(*a, of_theirs, key_of(0x43).view());
  a->load(std::vector<FriendRecord>{of_theirs}, {});
  const auto first = a->initiate({theirs.public_key, kBootA}, kNow);
  REQUIRE(first.ok());

  crypto::NoiseHandshake noise(by_hand(crypto::Role::Responder, theirs));
  noise.set_psk(key_of(0x43).view());
  ByteArray<120> payload{};
  REQUIRE(*noise.read(first->message, payload) == 120);
  CHECK(noise.remote_static() == a->identity().static_key);
  CHECK(std::equal(kBootA.begin(), kBootA.end(), payload.begin() + 12));
  CHECK(payload[20] == 1);
  CHECK(all_zero(ByteView(payload).subspan(21)));
  ByteArray<164> hello{};
  copy(kBootB, hello);
  hello[8] = 1;
  ByteArray<212> answer{};
  REQUIRE(*noise.write(hello, directory_b.random, answer) == 212);
  const auto session = a->finish(first->handshake, answer);
  REQUIRE(session.ok());
  CHECK(crypto::equal(noise.split().send.view(), session->keys.receive.view()));
}

TEST_CASE_FIXTURE(Hand, "an unknown sender is refused before any DH with its key") {
  // The static key is a point of small order: a DH with it would be seen as a zero result and be
  // refused as Forged. It is refused as unknown, so none was done.
  crypto::KeyPair low = crypto::make_key_pair(directory_a.random);
  low.public_key = {};
  low.public_key[0] = 1;
  auto setup = by_hand(crypto::Role::Initiator, low);
  setup.remote_static = b->identity().static_key;
  crypto::NoiseHandshake noise(setup);
  ByteArray<120> payload{};
  ByteArray<216> message{};
  REQUIRE(noise.write(payload, directory_a.random, message).ok());
  CHECK(b->respond(message, kBootB).error() == Reject::Unknown);
}

TEST_CASE_FIXTURE(Pair, "a certificate vouches for one session key for one hour") {
  crypto::PublicKey session_key{};
  session_key.fill(5);
  const auto certificate = a->certify(session_key, kNow);
  const auto address = crypto::check_certificate(certificate, session_key, kNow);
  REQUIRE(address.ok());
  CHECK(*address == a->identity().address);
  const WallTime late{kNow.unix_nanoseconds + Duration::minutes(61).nanoseconds};
  CHECK(crypto::check_certificate(certificate, session_key, late).error() == Reject::Expired);
}

}  // namespace
}  // namespace covfefe::test
