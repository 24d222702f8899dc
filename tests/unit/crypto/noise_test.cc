// SPDX-License-Identifier: Apache-2.0
// What known answers cannot show: refusals, state after a refusal, the gate, and the sizes that the
// wire demands.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "crypto/drbg.h"
#include "crypto/noise.h"
#include "wire/limits.h"

using namespace covfefe;
using namespace covfefe::crypto;

namespace {

using Bytes = std::vector<std::uint8_t>;

struct Friends {
  explicit Friends(std::uint8_t seed) : random(KeyView(ByteArray<32>{seed})) {
    a = make_key_pair(random);
    b = make_key_pair(random);
  }
  Drbg random;
  KeyPair a;
  KeyPair b;
  SecretKey psk{KeyView(ByteArray<32>{9, 9, 9})};

  NoiseHandshake link(Role role) const {
    NoiseSetup setup;
    setup.pattern = find_pattern("IKpsk2");
    setup.role = role;
    setup.prologue = bytes_of("covfefe link v1");
    setup.local_static = (role == Role::Initiator ? a : b).view();
    if (role == Role::Initiator) setup.remote_static = KeyView(b.public_key);
    NoiseHandshake out(setup);
    if (role == Role::Initiator) out.set_psk(psk.view());
    return out;
  }
};

class Gate : public StaticGate {
 public:
  explicit Gate(const PublicKey& expected, const SecretKey& psk) : expected_(expected), psk_(psk) {}
  std::optional<SecretKey> admit(const PublicKey& remote) override {
    ++asked;
    if (remote != expected_) return std::nullopt;
    return psk_.duplicate();
  }
  int asked = 0;

 private:
  PublicKey expected_;
  const SecretKey& psk_;
};

Bytes write(NoiseHandshake& from, std::size_t payload, Entropy& random) {
  Bytes out(1000);
  const auto size = from.write(Bytes(payload, 5), random, out);
  REQUIRE(size.ok());
  out.resize(*size);
  return out;
}

bool same(const SecretKey& a, const SecretKey& b) {
  return std::ranges::equal(a.view(), b.view());
}

}  // namespace

TEST_CASE("link handshake messages have the lengths of the wire and end in the same keys") {
  Friends f(1);
  NoiseHandshake i = f.link(Role::Initiator);
  NoiseHandshake r = f.link(Role::Responder);
  Gate gate(f.a.public_key, f.psk);
  Bytes payload(200);
  const Bytes one = write(i, wire::kInitiationPayload, f.random);
  CHECK(one.size() == wire::kInitiationNoise);
  CHECK(r.read(one, payload, &gate).value() == wire::kInitiationPayload);
  CHECK(gate.asked == 1);
  CHECK(r.remote_static() == f.a.public_key);
  const Bytes two = write(r, wire::kResponsePayload, f.random);
  CHECK(two.size() == wire::kResponseNoise);
  CHECK(i.read(two, payload).value() == wire::kResponsePayload);
  CHECK(i.finished());
  CHECK(r.finished());
  CHECK(i.hash() == r.hash());
  const NoiseKeys ki = i.split();
  const NoiseKeys kr = r.split();
  CHECK(same(ki.send, kr.receive));
  CHECK(same(ki.receive, kr.send));
  CHECK_FALSE(same(ki.send, ki.receive));
}

TEST_CASE("rekey and session messages have the lengths of the wire") {
  Friends f(2);
  const auto lengths = [&f](const char* name, std::vector<std::size_t> payloads) {
    NoiseSetup setup;
    setup.pattern = find_pattern(name);
    setup.local_static = f.a.view();
    NoiseHandshake i(setup);
    setup.role = Role::Responder;
    setup.local_static = f.b.view();
    NoiseHandshake r(setup);
    std::vector<std::size_t> out;
    for (const std::size_t payload : payloads) {
      const Bytes message = write(out.size() % 2 == 0 ? i : r, payload, f.random);
      out.push_back(message.size());
      Bytes plain(payload);
      REQUIRE((out.size() % 2 == 1 ? r : i).read(message, plain).ok());
    }
    CHECK(i.finished());
    return out;
  };
  using Lengths = std::vector<std::size_t>;
  CHECK(lengths("NNpsk0", {0, 0}) == Lengths{wire::kRekeyMessage, wire::kRekeyMessage});
  CHECK(lengths("XXpsk0", {0, wire::kCertificateSize, wire::kCertificateSize}) ==
        Lengths{wire::kSessionMsg1, wire::kSessionMsg2, wire::kSessionMsg3});
}

TEST_CASE("whoever is not at the gate is refused before any more is computed with their key") {
  Friends f(3);
  NoiseHandshake i = f.link(Role::Initiator);
  NoiseHandshake r = f.link(Role::Responder);
  Gate gate(f.b.public_key, f.psk);
  Bytes payload(200);
  const Bytes one = write(i, wire::kInitiationPayload, f.random);
  CHECK(r.read(one, payload, &gate).error() == Reject::Unknown);
  CHECK(gate.asked == 1);
  CHECK(all_zero(payload));
}

TEST_CASE("a bent bit anywhere is refused and the true message still counts afterwards") {
  Friends f(4);
  NoiseHandshake i = f.link(Role::Initiator);
  NoiseHandshake r = f.link(Role::Responder);
  Gate gate(f.a.public_key, f.psk);
  Bytes payload(200);
  Bytes one = write(i, wire::kInitiationPayload, f.random);
  for (std::size_t at = 0; at < one.size(); at += 5) {
    one[at] ^= 0x20;
    CHECK_FALSE(r.read(one, payload, &gate).ok());
    one[at] ^= 0x20;
  }
  REQUIRE(r.read(one, payload, &gate).ok());
  Bytes two = write(r, wire::kResponsePayload, f.random);
  for (std::size_t at = 0; at < two.size(); at += 5) {
    two[at] ^= 0x20;
    CHECK_FALSE(i.read(two, payload).ok());
    two[at] ^= 0x20;
  }
  CHECK(i.read(two, payload).ok());
}

TEST_CASE("another PSK or prologue ends in a refusal") {
  Friends f(5);
  NoiseHandshake i = f.link(Role::Initiator);
  NoiseHandshake r = f.link(Role::Responder);
  const SecretKey other(KeyView(ByteArray<32>{8}));
  Gate gate(f.a.public_key, other);
  Bytes payload(200);
  REQUIRE(r.read(write(i, 120, f.random), payload, &gate).ok());
  CHECK(i.read(write(r, 164, f.random), payload).error() == Reject::Forged);
}

TEST_CASE("messages that are short, long or out of turn are refused") {
  Friends f(6);
  NoiseHandshake i = f.link(Role::Initiator);
  NoiseHandshake r = f.link(Role::Responder);
  Gate gate(f.a.public_key, f.psk);
  Bytes payload(200);
  const Bytes one = write(i, wire::kInitiationPayload, f.random);
  for (std::size_t n = 0; n < one.size(); n += 9) {
    CHECK_FALSE(r.read(ByteView(one).first(n), payload, &gate).ok());
  }
  CHECK(r.read(one, MutableBytes(payload).first(10), &gate).error() == Reject::WrongLength);
  REQUIRE(r.read(one, payload, &gate).ok());
  CHECK(r.read(one, payload, &gate).error() == Reject::Unexpected);
  CHECK(r.my_turn());
  CHECK_FALSE(i.my_turn());
}

TEST_CASE("an ephemeral of small order is refused") {
  Friends f(7);
  NoiseHandshake r = f.link(Role::Responder);
  Bytes payload(200);
  Bytes message(wire::kInitiationNoise);
  CHECK(r.read(message, payload).error() == Reject::Forged);
  message[0] = 1;
  CHECK(r.read(message, payload).error() == Reject::Forged);
}

TEST_CASE("patterns are found by name") {
  CHECK(find_pattern("IKpsk2") != nullptr);
  CHECK(find_pattern("IKpsk3") == nullptr);
  CHECK(find_pattern("") == nullptr);
}
