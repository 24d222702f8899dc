// SPDX-License-Identifier: Apache-2.0
// Circuit builds with random keys and the project's own generator.
#include <doctest/doctest.h>

#include <vector>

#include "crypto/build.h"
#include "crypto/drbg.h"

using namespace covfefe;
using namespace covfefe::crypto;

namespace {

constexpr std::size_t kPayloadAt = 640;

bool granted(const BuildRecordBytes& reply) {
  return reply[0] == 0;
}

struct World {
  explicit World(std::uint8_t seed, std::size_t length) : random(KeyView(ByteArray<32>{seed})) {
    for (std::size_t i = 0; i < length; ++i) {
      onions.push_back(make_key_pair(random));
      BuildStop stop{onions.back().public_key, {}, nullptr};
      random.fill(stop.record);
      path.push_back(stop);
    }
    random.fill(payload);
    random.fill(answer);
  }

  OriginBuild begin() {
    auto made = OriginBuild::make(path, payload, random, packet);
    REQUIRE(made.ok());
    return std::move(*made);
  }

  void arrive(std::size_t i) {
    const auto opened = open_build(onions[i], packet);
    REQUIRE(opened.ok());
    CHECK(opened->record == path[i].record);
    auto hop = HopBuild::answer({*opened, onions[i].public_key, packet}, random);
    REQUIRE(hop.ok());
    hops.push_back(std::move(*hop));
    hops.back().pass(packet);
  }

  void go(std::size_t reached) {
    for (std::size_t i = 0; i < reached; ++i) arrive(i);
  }

  static BuildRecordBytes reply(std::size_t hop) { return {0, static_cast<std::uint8_t>(hop + 1)}; }

  // From the last hop that was reached to hop `first`, whose packet for the hop before is left.
  void come_back(std::size_t first) {
    for (std::size_t i = hops.size() - 1; i-- > first;) hops[i].wrap(reply(i), packet, packet);
  }
  void finish() { hops.back().finish(reply(hops.size() - 1), answer, packet, random); }

  Drbg random;
  std::vector<KeyPair> onions;
  std::vector<BuildStop> path;
  ByteArray<kBuildPayloadSize> payload{};
  ByteArray<kBuildAnswerSize> answer{};
  BuildPacket packet{};
  std::vector<HopBuild> hops;
};

bool same(const SecretKey& a, const SecretKey& b) {
  return std::ranges::equal(a.view(), b.view());
}

// Points of small order, two of them in encodings above the prime.
std::vector<PublicKey> small_order() {
  PublicKey one{1};
  PublicKey prime{};
  prime.fill(0xff);
  prime[0] = 0xed;
  prime[31] = 0x7f;
  PublicKey above = prime;
  above[0] = 0xee;
  PublicKey below = prime;
  below[0] = 0xec;
  return {PublicKey{}, one, prime, above, below};
}

}  // namespace

TEST_CASE("a build reaches the end of every path and both ends have the same keys") {
  for (std::size_t length = 1; length <= kHopsMost; ++length) {
    World world(1, length);
    const OriginBuild origin = world.begin();
    CHECK(origin.hops() == length);
    world.go(length);
    CHECK(std::ranges::equal(world.hops.back().payload(), world.payload));
    CHECK(world.hops.back().ephemeral() == origin.last_ephemeral());
    world.finish();
    world.come_back(0);
    const auto opened = origin.open(world.packet, granted);
    CHECK(opened.complete);
    CHECK(opened.answer == world.answer);
    REQUIRE(opened.replies.size() == length);
    for (std::size_t i = 0; i < length; ++i) {
      CHECK(opened.replies[i] == World::reply(i));
      CHECK(same(opened.keys[i].forward, world.hops[i].keys().forward));
      CHECK(same(opened.keys[i].backward, world.hops[i].keys().backward));
      CHECK_FALSE(same(opened.keys[i].forward, opened.keys[i].backward));
    }
  }
}

TEST_CASE("the origin reads the refusal of any hop and nothing behind it") {
  for (std::size_t length = 1; length <= kHopsMost; ++length) {
    for (std::size_t refusing = 0; refusing < length; ++refusing) {
      World world(2, length);
      const OriginBuild origin = world.begin();
      world.go(refusing + 1);
      world.hops.back().finish({2}, {}, world.packet, world.random);
      world.come_back(0);
      const auto opened = origin.open(world.packet, granted);
      CHECK_FALSE(opened.complete);
      REQUIRE(opened.replies.size() == refusing + 1);
      CHECK(opened.replies[refusing] == BuildRecordBytes{2});
      if (refusing > 0) CHECK(opened.replies[refusing - 1] == World::reply(refusing - 1));
    }
  }
}

TEST_CASE("a hop that refuses and lets the build go on is believed the refusal") {
  World world(3, 3);
  const OriginBuild origin = world.begin();
  world.go(3);
  world.finish();
  world.hops[1].wrap({2}, world.packet, world.packet);
  world.hops[0].wrap(World::reply(0), world.packet, world.packet);
  const auto opened = origin.open(world.packet, granted);
  CHECK(opened.replies.size() == 2);
  CHECK_FALSE(opened.complete);
}

TEST_CASE("an ephemeral that the maker brought is the one of its hop and of no other") {
  World world(10, 3);
  const KeyPair brought = make_key_pair(world.random);
  world.path[2].ephemeral = &brought;
  const OriginBuild origin = world.begin();
  CHECK(origin.last_ephemeral() == brought.public_key);
  world.go(3);
  CHECK(world.hops[2].ephemeral() == brought.public_key);
  CHECK(world.hops[1].ephemeral() != brought.public_key);
  world.finish();
  world.come_back(0);
  CHECK(origin.open(world.packet, granted).complete);
}

TEST_CASE("a packet for another key or of another length does not open") {
  World world(4, 2);
  (void)world.begin();
  CHECK(open_build(world.onions[0], world.packet).ok());
  CHECK(open_build(world.onions[1], world.packet).error() == Reject::Forged);
  const ByteView packet(world.packet);
  CHECK(open_build(world.onions[0], packet.first(1263)).error() == Reject::WrongLength);
  CHECK(open_build(world.onions[0], {}).error() == Reject::WrongLength);
}

TEST_CASE("keys of small order are refused by origin, keystore and hop") {
  for (const PublicKey& bad : small_order()) {
    World world(5, 2);
    world.path[1].onion_key = bad;
    const auto made = OriginBuild::make(world.path, world.payload, world.random, world.packet);
    REQUIRE_FALSE(made.ok());
    CHECK(made.error() == Reject::WrongValue);

    World other(6, 1);
    const OriginBuild origin = other.begin();
    const auto opened = open_build(other.onions[0], other.packet);
    REQUIRE(opened.ok());
    copy(bad, other.packet);
    CHECK(open_build(other.onions[0], other.packet).error() == Reject::WrongValue);
    const auto hop =
        HopBuild::answer({*opened, other.onions[0].public_key, other.packet}, other.random);
    REQUIRE_FALSE(hop.ok());
    CHECK(hop.error() == Reject::WrongValue);
    CHECK(origin.open(other.packet, granted).replies.empty());
  }
}

TEST_CASE("the bit of an ephemeral key that X25519 ignores is not ignored here") {
  World world(7, 1);
  (void)world.begin();
  world.packet[31] ^= 0x80;
  CHECK(open_build(world.onions[0], world.packet).error() == Reject::Forged);
}

TEST_CASE("a mark on the way back is found where it can tell anything") {
  constexpr std::size_t kLength = 4;
  for (std::size_t marked = 0; marked < kLength; ++marked) {
    for (const std::size_t at : {0UL, 31UL, 32UL, 47UL, 48UL, 127UL, kPayloadAt, 1247UL, 1263UL}) {
      World world(8, kLength);
      const OriginBuild origin = world.begin();
      world.go(kLength);
      world.finish();
      world.come_back(marked);
      world.packet[at] ^= 1;
      for (std::size_t i = std::min(marked, kLength - 1); i-- > 0;) {
        world.hops[i].wrap(World::reply(i), world.packet, world.packet);
      }
      const auto opened = origin.open(world.packet, granted);
      CHECK_FALSE(opened.complete);
      CHECK(opened.replies.size() == (at < kPayloadAt ? marked : kLength));
    }
  }
}

TEST_CASE("no two builds of the same path have a block in common") {
  World world(9, 3);
  (void)world.begin();
  const BuildPacket first = world.packet;
  (void)world.begin();
  std::size_t common = 0;
  for (std::size_t at = 0; at < kBuildPacketSize; at += kTagSize) {
    const auto here = ByteView(first).subspan(at, kTagSize);
    common += std::ranges::equal(here, ByteView(world.packet).subspan(at, kTagSize)) ? 1 : 0;
  }
  CHECK(common == 0);
}
