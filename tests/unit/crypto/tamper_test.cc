// SPDX-License-Identifier: Apache-2.0
// Mangled cells and build packets in bulk. How many is set when this is built (meson.build).
#include <doctest/doctest.h>

#include <random>

#include "crypto/build.h"
#include "unit/crypto/circuit.h"

using namespace covfefe;
using namespace covfefe::crypto;
using test::Bytes;
using test::Circuit;

namespace {

constexpr std::size_t kCells = TAMPERED_CELLS;
constexpr std::size_t kPackets = kCells / 50;  // each costs an X25519 operation
constexpr std::size_t kPerCell = 20;
constexpr std::size_t kSizes[] = {216, 1360};

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t n) {
  return static_cast<std::size_t>(random() % n);
}

void flip_bit(Random& random, MutableBytes of) {
  of[below(random, of.size())] ^= static_cast<std::uint8_t>(1U << below(random, 8));
}

MutableBytes run_of(Random& random, MutableBytes of) {
  const std::size_t at = below(random, of.size());
  return of.subspan(at, 1 + below(random, std::min<std::size_t>(64, of.size() - at)));
}

void swap_pieces(Random& random, MutableBytes of, std::size_t size) {
  const std::size_t pieces = of.size() / size;
  const MutableBytes a = of.subspan(below(random, pieces) * size, size);
  const MutableBytes b = of.subspan(below(random, pieces) * size, size);
  if (a.data() != b.data()) std::swap_ranges(a.begin(), a.end(), b.begin());
}

void piece_of_other(Random& random, MutableBytes of, ByteView other) {
  const std::size_t at = below(random, of.size() / kTagSize) * kTagSize;
  copy(other.subspan(at, kTagSize), of.subspan(at, kTagSize));
}

// Kinds that cells and packets have in common; false when the bytes are as before.
bool mangle(Random& random, MutableBytes what, ByteView other) {
  const Bytes before(what.begin(), what.end());
  switch (below(random, 6)) {
    case 0:
      flip_bit(random, what);
      break;
    case 1:
      for (std::uint8_t& b : run_of(random, what)) b = static_cast<std::uint8_t>(random());
      break;
    case 2:
      std::ranges::fill(run_of(random, what), std::uint8_t{0});
      break;
    case 3:
      swap_pieces(random, what, kTagSize);
      break;
    case 4:
      piece_of_other(random, what, other);
      break;
    default:
      copy(other.last(what.size() / 2), what.last(what.size() / 2));
      break;
  }
  return !std::ranges::equal(before, what);
}

// A cell as it arrives at each hop.
std::vector<Bytes> travel(const Circuit& circuit, Drbg& random, std::size_t size) {
  std::vector<Bytes> out(circuit.length(), Bytes(size));
  random.fill(out[0]);
  origin_seal(circuit.hops, circuit.first, random, out[0]);
  for (std::size_t i = 0; i + 1 < circuit.length(); ++i) {
    REQUIRE(circuit.step(i, out[i], out[i + 1]));
  }
  Bytes plain(size);
  REQUIRE(circuit.step(circuit.length() - 1, out.back(), plain));
  return out;
}

struct Tally {
  std::size_t tried = 0;
  std::size_t passed = 0;
  void note(bool opened) {
    ++tried;
    passed += opened ? 1 : 0;
  }
};

void mangled_cells(const Circuit& circuit, Drbg& drbg, Random& random, Tally& tally) {
  const std::size_t size = kSizes[below(random, 2)];
  const auto cells = travel(circuit, drbg, size);
  const auto others = travel(circuit, drbg, size);  // the same counters: only the bytes differ
  Bytes out(size);
  for (std::size_t n = 0; n < kPerCell; ++n) {
    const std::size_t hop = below(random, circuit.length());
    Bytes onion = cells[hop];
    if (!mangle(random, onion, others[hop])) flip_bit(random, onion);
    tally.note(circuit.step(hop, onion, out));
  }
}

// Whole cells, untouched, but not for this hop or not under this counter.
void misdirected_cells(const Circuit& circuit, Drbg& drbg, Random& random, Tally& tally) {
  const std::size_t size = kSizes[below(random, 2)];
  const auto cells = travel(circuit, drbg, size);
  Bytes out(size);
  for (std::size_t hop = 0; hop < circuit.length(); ++hop) {
    for (std::size_t other = 0; other < circuit.length(); ++other) {
      if (other != hop) tally.note(circuit.step(hop, cells[other], out));
    }
    KeyAt at = circuit.forward(hop);
    at.counter += 1 + below(random, 1000);
    tally.note(relay_forward(at, cells[hop], out));
    tally.note(relay_forward(circuit.backward(hop), cells[hop], out));
    // What the hop before could make with its own key.
    Bytes made = cells[hop];
    if (hop > 0) hop_seal({circuit.forward(hop - 1).key, circuit.counter(hop)}, drbg, made);
    if (hop > 0) tally.note(circuit.step(hop, made, out));
  }
}

struct Builds {
  Builds(Drbg& random, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) {
      onions.push_back(make_key_pair(random));
      path.push_back({onions.back().public_key, {1}});
    }
  }
  // A packet as it arrives at each hop.
  [[nodiscard]] std::vector<BuildPacket> travel(Drbg& random) const {
    ByteArray<kBuildPayloadSize> payload{};
    random.fill(payload);
    std::vector<BuildPacket> out(path.size());
    REQUIRE(OriginBuild::make(path, payload, random, out[0]).ok());
    for (std::size_t i = 0; i < path.size(); ++i) {
      const auto opened = open_build(onions[i], out[i]);
      REQUIRE(opened.ok());
      if (i + 1 == path.size()) break;
      const auto hop = HopBuild::answer({*opened, path[i].onion_key, out[i]}, random);
      REQUIRE(hop.ok());
      hop->pass(out[i + 1]);
    }
    return out;
  }
  std::vector<KeyPair> onions;
  std::vector<BuildStop> path;
};

void mangled_packets(const Builds& builds, Drbg& drbg, Random& random, Tally& tally) {
  const auto packets = builds.travel(drbg);
  const auto others = builds.travel(drbg);
  for (std::size_t n = 0; n < kPerCell; ++n) {
    const std::size_t hop = below(random, packets.size());
    BuildPacket packet = packets[hop];
    switch (below(random, 4)) {
      case 0:
        swap_pieces(random, MutableBytes(packet).first(640), 128);
        break;
      case 1:
        copy(ByteView(others[hop]).first(std::size_t{32} << below(random, 3)), packet);
        break;
      case 2:
        flip_bit(random, MutableBytes(packet).first(32));  // the ephemeral key
        break;
      default:
        (void)mangle(random, packet, others[hop]);
    }
    if (packet == packets[hop]) flip_bit(random, packet);
    tally.note(open_build(builds.onions[hop], packet).ok());
  }
}

// A backward cell changed on its way from hop `from`; nobody but the origin can tell.
Bytes changed_on_the_way(const Circuit& circuit, std::size_t from, const Bytes& sent,
                         ByteView mask) {
  Bytes onion = sent;
  destination_seal(circuit.backward(circuit.length() - 1), onion);
  for (std::size_t i = circuit.length() - 1; i-- > from;)
    relay_backward(circuit.backward(i), onion);
  for (std::size_t i = 0; i < mask.size(); ++i) onion[i] ^= mask[i];
  for (std::size_t i = from; i-- > 0;) relay_backward(circuit.backward(i), onion);
  return onion;
}

}  // namespace

TEST_CASE("every mangled cell dies at the first honest hop") {
  Drbg drbg(KeyView(ByteArray<32>{31}));
  Random random(31);
  Tally tally;
  while (tally.tried < kCells) {
    const Circuit circuit(drbg, 1 + below(random, kHopsMost));
    for (std::size_t n = 0; n < 8; ++n) mangled_cells(circuit, drbg, random, tally);
  }
  MESSAGE(tally.tried << " mangled cells");
  CHECK(tally.passed == 0);
}

TEST_CASE("a whole cell at another hop, under another counter or key dies too") {
  Drbg drbg(KeyView(ByteArray<32>{32}));
  Random random(32);
  Tally tally;
  while (tally.tried < kCells / 20) {
    misdirected_cells(Circuit(drbg, 1 + below(random, kHopsMost)), drbg, random, tally);
  }
  CHECK(tally.passed == 0);
}

TEST_CASE("every mangled build packet dies at the first honest hop") {
  Drbg drbg(KeyView(ByteArray<32>{33}));
  Random random(33);
  Tally tally;
  while (tally.tried < kPackets) {
    mangled_packets(Builds(drbg, 1 + below(random, kHopsMost)), drbg, random, tally);
  }
  MESSAGE(tally.tried << " mangled build packets");
  CHECK(tally.passed == 0);
}

TEST_CASE("the origin refuses every backward cell whose body or last tag was changed on any link") {
  Drbg drbg(KeyView(ByteArray<32>{34}));
  Random random(34);
  Tally tally;
  while (tally.tried < kCells / 20) {
    const Circuit circuit(drbg, 1 + below(random, kHopsMost));
    const std::size_t from = below(random, circuit.length());
    Bytes sent(kSizes[below(random, 2)]);
    drbg.fill(sent);
    Bytes mask(sent.size());
    if (below(random, 4) == 0) {
      // The destination's tag stands this far behind the sender's own.
      const std::size_t slot = circuit.length() - 1 - from;
      flip_bit(random, MutableBytes(mask).subspan(slot * kTagSize, kTagSize));
    } else {
      flip_bit(random, body_of(MutableBytes(mask)));
    }
    const Bytes onion = changed_on_the_way(circuit, from, sent, mask);
    Bytes plain(onion.size());
    tally.note(origin_open(circuit.hops, circuit.first, onion, plain));
    REQUIRE(origin_open(circuit.hops, circuit.first, changed_on_the_way(circuit, from, sent, {}),
                        plain));
  }
  CHECK(tally.passed == 0);
}
