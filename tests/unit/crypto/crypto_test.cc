// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/hex.h"
#include "crypto/address.h"
#include "crypto/dh.h"
#include "crypto/drbg.h"
#include "crypto/guarded.h"
#include "crypto/hash.h"
#include "crypto/mac.h"
#include "crypto/sealed_box.h"
#include "crypto/session.h"

using namespace covfefe;
using namespace covfefe::crypto;

namespace {

using Bytes = std::vector<std::uint8_t>;

Drbg seeded(std::uint8_t seed) {
  return Drbg(KeyView(ByteArray<32>{seed}));
}

// Before any test: guarded memory needs it, and the fast implementations are chosen by it.
const bool kReady = init();

WallTime at_second(std::int64_t seconds) {
  return {seconds * 1'000'000'000};
}

}  // namespace

TEST_CASE("the library starts") {
  CHECK(kReady);
}

TEST_CASE("BLAKE2b agrees with RFC 7693") {
  CHECK(to_hex(blake2b<64>({}, {bytes_of("a"), bytes_of("bc")})) ==
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
  CHECK(equal(ByteArray<2>{1, 2}, ByteArray<2>{1, 2}));
  CHECK_FALSE(equal(ByteArray<2>{1, 2}, ByteArray<2>{1, 3}));
  CHECK_FALSE(equal(ByteArray<2>{1, 2}, ByteArray<1>{1}));
}

TEST_CASE("X25519 agrees with RFC 7748 and refuses points of small order") {
  const auto a = *from_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const auto b = *from_hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const auto shared = dh(KeyView(a.data(), 32), KeyView(b.data(), 32));
  REQUIRE(shared);
  CHECK(to_hex(shared->view()) ==
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
  Drbg random = seeded(1);
  const KeyPair one = make_key_pair(random);
  const KeyPair two = make_key_pair(random);
  const auto x = dh(one.secret.view(), two.public_key);
  const auto y = dh(two.secret.view(), one.public_key);
  REQUIRE(x);
  REQUIRE(y);
  CHECK(equal(x->view(), y->view()));
  CHECK_FALSE(dh(one.secret.view(), PublicKey{}));
  CHECK_FALSE(dh(one.secret.view(), PublicKey{1}));
}

TEST_CASE("signatures hold for their key and message only") {
  Drbg random = seeded(2);
  const SigningPair pair = make_signing_pair(random);
  Signature signature = sign(pair, bytes_of("text"));
  CHECK(verify(pair.public_key, bytes_of("text"), signature));
  CHECK_FALSE(verify(pair.public_key, bytes_of("texT"), signature));
  CHECK_FALSE(verify(make_signing_pair(random).public_key, bytes_of("text"), signature));
  signature[3] ^= 1;
  CHECK_FALSE(verify(pair.public_key, bytes_of("text"), signature));
}

TEST_CASE("a seeded generator repeats itself and no two seeds agree") {
  Drbg a = seeded(3);
  Drbg b = seeded(3);
  Drbg c = seeded(4);
  Bytes x(5000);
  Bytes y(5000);
  Bytes z(5000);
  a.fill(x);
  for (std::size_t at = 0; at < y.size(); at += 100) b.fill(MutableBytes(y).subspan(at, 100));
  c.fill(z);
  CHECK(x == y);
  CHECK(x != z);
  a.reseed_if_due(Instant::never());
  a.fill(x);
  b.fill(y);
  CHECK(x == y);
}

TEST_CASE("a generator with a source is reseeded once an hour") {
  Drbg source = seeded(5);
  Drbg twin_source = seeded(5);
  Drbg a(source, Instant{0});
  Drbg b(twin_source, Instant{0});
  const Instant hour = Instant{0} + Duration::hours(1);
  CHECK(a.next_u64() == b.next_u64());
  a.reseed_if_due(hour - Duration::seconds(1));
  CHECK(a.next_u64() == b.next_u64());
  a.reseed_if_due(hour);
  CHECK(a.next_u64() != b.next_u64());
  b.reseed_if_due(hour);
  Bytes x(64);
  Bytes y(64);
  a.fill(x);
  b.fill(y);
  CHECK(Bytes(x.begin(), x.begin() + 8) != Bytes(y.begin(), y.begin() + 8));
}

TEST_CASE("the system's generator does not repeat") {
  SystemEntropy system;
  ByteArray<32> a{};
  ByteArray<32> b{};
  system.fill(a);
  system.fill(b);
  CHECK(a != b);
}

TEST_CASE("mac1 and mac2 cover everything before them") {
  const PublicKey key = mac1_key(PublicKey{1});
  const Cookie cookie{7};
  Bytes datagram(256, 3);
  put_mac1(key, datagram);
  put_mac2(cookie, datagram);
  CHECK(check_mac1(key, datagram));
  CHECK(check_mac2(cookie, datagram));
  CHECK_FALSE(check_mac1(mac1_key(PublicKey{2}), datagram));
  CHECK_FALSE(check_mac2(Cookie{8}, datagram));
  for (std::size_t at = 0; at < 240; ++at) {
    datagram[at] ^= 1;
    CHECK(check_mac1(key, datagram) == false);
    CHECK_FALSE(check_mac2(cookie, datagram));
    datagram[at] ^= 1;
  }
  CHECK_FALSE(check_mac1(key, Bytes(255)));
  CHECK_FALSE(check_mac2(cookie, {}));
}

TEST_CASE("a cookie belongs to one address, one secret and one datagram") {
  Drbg random = seeded(6);
  const Endpoint from = *parse_endpoint("192.0.2.1:6363");
  const Cookie cookie = make_cookie(ByteArray<32>{1}, from);
  CHECK(cookie == make_cookie(ByteArray<32>{1}, from));
  CHECK(cookie != make_cookie(ByteArray<32>{2}, from));
  CHECK(cookie != make_cookie(ByteArray<32>{1}, *parse_endpoint("192.0.2.1:6364")));
  CHECK(cookie != make_cookie(ByteArray<32>{1}, *parse_endpoint("192.0.2.2:6363")));

  const PublicKey key = cookie_key(PublicKey{1});
  ByteArray<kSealedCookie> sealed{};
  seal_cookie({key, {5}}, cookie, random, sealed);
  CHECK(open_cookie({key, {5}}, sealed) == cookie);
  CHECK_FALSE(open_cookie({key, {6}}, sealed));
  CHECK_FALSE(open_cookie({cookie_key(PublicKey{2}), {5}}, sealed));
  for (std::uint8_t& b : sealed) {
    b ^= 0x40;
    CHECK_FALSE(open_cookie({key, {5}}, sealed));
    b ^= 0x40;
  }
}

TEST_CASE("certificates vouch for one session key and end") {
  Drbg random = seeded(7);
  const SigningPair service = make_signing_pair(random);
  const PublicKey session{1, 2, 3};
  Certificate certificate = make_certificate(service, session, 10'000);
  CHECK(check_certificate(certificate, session, at_second(9'000)).value() ==
        overlay_address(service.public_key));
  CHECK(check_certificate(certificate, session, at_second(10'000)).ok());
  CHECK(check_certificate(certificate, session, at_second(10'001)).error() == Reject::Expired);
  CHECK(check_certificate(certificate, session, at_second(2'000)).error() == Reject::WrongValue);
  CHECK(check_certificate(certificate, PublicKey{}, at_second(9'000)).error() ==
        Reject::WrongValue);
  CHECK(check_certificate(Bytes(135), session, at_second(9'000)).error() == Reject::WrongLength);
  for (std::size_t at = 0; at < certificate.size(); ++at) {
    certificate[at] ^= 1;
    CHECK_FALSE(check_certificate(certificate, session, at_second(9'000)).ok());
    certificate[at] ^= 1;
  }
}

TEST_CASE("a certificate with an absurd end or clock is refused, not added up") {
  Drbg random = seeded(8);
  const SigningPair service = make_signing_pair(random);
  const Certificate never = make_certificate(service, PublicKey{}, -1);
  CHECK_FALSE(check_certificate(never, PublicKey{}, at_second(5)).ok());
  CHECK_FALSE(check_certificate(never, PublicKey{}, at_second(-5)).ok());
}

TEST_CASE("both ends of a direct circuit get the same keys, other circuits get others") {
  DirectCircuit circuit{4097, 8194, {1}, {2}};
  const HopKeys one = direct_circuit_keys(circuit);
  const HopKeys two = direct_circuit_keys(circuit);
  CHECK(equal(one.forward.view(), two.forward.view()));
  CHECK(equal(one.backward.view(), two.backward.view()));
  CHECK_FALSE(equal(one.forward.view(), one.backward.view()));
  circuit.b = 1;
  CHECK_FALSE(equal(one.forward.view(), direct_circuit_keys(circuit).forward.view()));
}

TEST_CASE("session PSKs depend on the address") {
  CHECK_FALSE(equal(session_psk(*parse_address("fd00::1")).view(),
                    session_psk(*parse_address("fd00::2")).view()));
}

TEST_CASE("session bodies open in both sizes, with and without a clear message, and only unbent") {
  const ByteArray<32> key{3};
  for (const std::size_t size : {136UL, 1280UL}) {
    for (const std::size_t head : {8UL, 8UL + 64}) {
      Bytes body(size, 9);
      seal_body({key, 0x0100'0000'0000'0005}, head, body);
      CHECK(body_counter(body) == 0x0100'0000'0000'0005);
      Bytes open = body;
      REQUIRE(open_body(key, head, open));
      CHECK(std::count(open.begin() + 8, open.end() - 16, 9) ==
            static_cast<std::ptrdiff_t>(size - 24));
      for (std::size_t at = 0; at < size; at += 3) {
        Bytes bent = body;
        bent[at] ^= 2;
        CHECK_FALSE(open_body(key, head, bent));
      }
    }
  }
}

TEST_CASE("a sealed box opens with its key and head only") {
  Drbg random = seeded(9);
  const Bytes plain(100, 4);
  Bytes box(plain.size() + kBoxOverhead);
  const ByteArray<32> key{1};
  seal_box({key, bytes_of("head")}, random, plain, box);
  Bytes out(plain.size());
  CHECK(open_box({key, bytes_of("head")}, box, out));
  CHECK(out == plain);
  CHECK_FALSE(open_box({key, bytes_of("heaD")}, box, out));
  CHECK_FALSE(open_box({ByteArray<32>{2}, bytes_of("head")}, box, out));
  CHECK_FALSE(open_box({key, bytes_of("head")}, ByteView(box).first(139), out));
  CHECK_FALSE(open_box({key, bytes_of("head")}, Bytes(10), out));
  for (std::uint8_t& b : box) {
    b ^= 1;
    CHECK_FALSE(open_box({key, bytes_of("head")}, box, out));
    b ^= 1;
  }
}

TEST_CASE("a passphrase's key depends on the passphrase and the salt") {
  const ByteArray<16> salt{1};
  const auto key = password_key(bytes_of("correct horse"), salt, kLeastCost);
  REQUIRE(key.ok());
  CHECK(equal(key->view(), password_key(bytes_of("correct horse"), salt, kLeastCost)->view()));
  CHECK_FALSE(equal(key->view(), password_key(bytes_of("correct"), salt, kLeastCost)->view()));
  CHECK_FALSE(equal(key->view(),
                    password_key(bytes_of("correct horse"), ByteArray<16>{2}, kLeastCost)->view()));
}

TEST_CASE("a cost that a file demands is bounded") {
  const ByteArray<16> salt{};
  for (const PasswordCost cost : {PasswordCost{0, 1 << 20}, PasswordCost{1, 1024},
                                  PasswordCost{17, 1 << 20}, PasswordCost{1, 3ULL << 30}}) {
    CHECK(password_key(bytes_of("x"), salt, cost).error().number == EINVAL);
  }
}

TEST_CASE("guarded memory keeps what was written and starts zeroed") {
  auto memory = Guarded::make(64);
  REQUIRE(memory);
  CHECK(all_zero(Guarded::Reading(*memory).bytes()));
  Guarded::Writing(*memory).bytes()[5] = 7;
  const Guarded moved = std::move(*memory);
  CHECK(Guarded::Reading(moved).bytes()[5] == 7);
  CHECK(moved.size() == 64);
}

TEST_CASE("fingerprints are eight words and differ") {
  const std::string one = fingerprint(PublicKey{1});
  CHECK(one.size() == 8 * 5 + 7);
  CHECK(one == fingerprint(PublicKey{1}));
  CHECK(one != fingerprint(PublicKey{2}));
  for (std::size_t i = 0; i < one.size(); ++i) {
    const std::string_view set = i % 6 == 5                 ? "-"
                                 : i % 6 == 1 || i % 6 == 3 ? "aiou"
                                                            : "bdfghjklmnprstvz";
    CHECK(set.find(one[i]) != std::string_view::npos);
  }
}
