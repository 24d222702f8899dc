// SPDX-License-Identifier: Apache-2.0
// The data onion with random keys and the project's own generator.
#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "unit/crypto/circuit.h"

using namespace covfefe;
using namespace covfefe::crypto;
using test::Bytes;
using test::Circuit;

namespace {

Bytes random_bytes(Drbg& random, std::size_t size) {
  Bytes out(size);
  random.fill(out);
  return out;
}

Bytes body(const Bytes& onion) {
  return {onion.begin() + kSlotsSize, onion.end()};
}

template <typename Run>
void each_circuit(Run run) {
  Drbg random(KeyView(ByteArray<32>{11}));
  for (const std::size_t size : {216UL, 1360UL}) {
    for (std::size_t length = 1; length <= kHopsMost; ++length) {
      run(random, Circuit(random, length), size);
    }
  }
}

Bytes backward_cell(const Circuit& c, const Bytes& sent) {
  Bytes onion = sent;
  destination_seal({c.hops.back().keys.backward.view(), c.counter(c.hops.size() - 1)}, onion);
  for (std::size_t i = c.hops.size() - 1; i-- > 0;) {
    relay_backward({c.hops[i].keys.backward.view(), c.counter(i)}, onion);
  }
  return onion;
}

}  // namespace

TEST_CASE("what the origin seals arrives at the destination") {
  each_circuit([](Drbg& random, const Circuit& c, std::size_t size) {
    const Bytes sent = random_bytes(random, size);
    Bytes onion = sent;
    origin_seal(c.hops, c.first, random, onion);
    for (std::size_t i = 0; i + 1 < c.hops.size(); ++i) {
      Bytes next(size);
      REQUIRE(relay_forward({c.hops[i].keys.forward.view(), c.counter(i)}, onion, next));
      onion = next;
    }
    const std::size_t last = c.hops.size() - 1;
    REQUIRE(hop_open({c.hops[last].keys.forward.view(), c.counter(last)}, onion, onion));
    CHECK(body(onion) == body(sent));
  });
}

TEST_CASE("what the destination seals arrives at the origin") {
  each_circuit([](Drbg& random, const Circuit& c, std::size_t size) {
    const Bytes sent = random_bytes(random, size);
    const Bytes onion = backward_cell(c, sent);
    Bytes plain(size);
    REQUIRE(origin_open(c.hops, c.first, onion, plain));
    CHECK(body(plain) == body(sent));
    CHECK(first_bad_hop(c.hops, c.first, onion) == 0);
  });
}

TEST_CASE("a one-hop onion is the same by both ways of sealing") {
  Drbg random(KeyView(ByteArray<32>{12}));
  const Circuit c(random, 1);
  Bytes onion(216, 3);
  Bytes plain(216);
  hop_seal({c.hops[0].keys.forward.view(), 5}, random, onion);
  CHECK(hop_open({c.hops[0].keys.forward.view(), 5}, onion, plain));
  CHECK(body(plain) == Bytes(136, 3));
  CHECK_FALSE(hop_open({c.hops[0].keys.forward.view(), 6}, onion, plain));
  CHECK_FALSE(hop_open({c.hops[0].keys.backward.view(), 5}, onion, plain));
}

TEST_CASE("a flip in the slots that no relay drops is seen by the origin") {
  each_circuit([](Drbg&, const Circuit& c, std::size_t size) {
    Bytes onion = backward_cell(c, Bytes(size, 1));
    Bytes plain(size);
    const std::size_t length = c.hops.size();
    // T0 .. T(length-1) are the hops' tags; the slots behind them carry the destination's zeros.
    for (std::size_t at = length * kTagSize; at < kSlotsSize; ++at) {
      onion[at] ^= 1;
      CHECK_FALSE(origin_open(c.hops, c.first, onion, plain));
      CHECK(first_bad_hop(c.hops, c.first, onion) == 1);
      onion[at] ^= 1;
    }
    CHECK(origin_open(c.hops, c.first, onion, plain));
  });
}

TEST_CASE("slots never repeat and are balanced") {
  Drbg random(KeyView(ByteArray<32>{13}));
  const Circuit c(random, kHopsMost);
  std::set<Bytes> seen;
  std::size_t ones = 0;
  std::size_t bits = 0;
  for (std::uint64_t n = 0; n < 200; ++n) {
    Bytes onion(216);
    origin_seal(c.hops, c.first + n, random, onion);
    for (std::size_t hop = 0; hop < c.hops.size(); ++hop) {
      for (std::size_t at = 0; at < kSlotsSize; at += kTagSize) {
        seen.emplace(onion.begin() + static_cast<std::ptrdiff_t>(at),
                     onion.begin() + static_cast<std::ptrdiff_t>(at + kTagSize));
      }
      for (const std::uint8_t b : ByteView(onion).first(kSlotsSize)) {
        ones += static_cast<std::size_t>(__builtin_popcount(b));
        bits += 8;
      }
      if (hop + 1 == c.hops.size()) break;
      Bytes next(216);
      REQUIRE(relay_forward({c.hops[hop].keys.forward.view(), c.counter(hop) + n}, onion, next));
      onion = next;
    }
  }
  // A slot moves to the place before it, under another layer: all 25 of a cell are different.
  CHECK(seen.size() == 200 * 25);
  const double deviation = static_cast<double>(ones) - static_cast<double>(bits) / 2;
  CHECK(deviation * deviation < 16.0 * static_cast<double>(bits) / 4);  // four sigma
}
