// SPDX-License-Identifier: Apache-2.0
// A hop cannot tell where it stands, nor how long the path is: what it sees is distributed alike at
// every place of every path. Each experiment is repeated with something left out that hides the
// place, and must then fail.
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "unit/crypto/circuit.h"
#include "unit/crypto/refill_model.h"
#include "unit/crypto/sameness.h"

using namespace covfefe;
using namespace covfefe::crypto;
using test::BuildModel;
using test::Bytes;
using test::Circuit;
using test::OnionModel;
using test::Place;
using test::Refill;
using test::Sameness;

namespace {

constexpr std::size_t kOnion = 216;
constexpr std::size_t kCircuits = 2000;  // of each length, one cell each
constexpr std::size_t kBuilds = 500;     // of each length

// An origin that saves on randomness: keys as they should be, pads of zeros.
class LazyEntropy final : public Entropy {
 public:
  explicit LazyEntropy(Entropy& source) : source_(source) {}
  void fill(MutableBytes out) override {
    if (out.size() == kKeySize) return source_.fill(out);
    std::ranges::fill(out, std::uint8_t{0});
  }

 private:
  Entropy& source_;
};

void append(Bytes& to, ByteView from) {
  to.insert(to.end(), from.begin(), from.end());
}

void append(Bytes& to, std::uint64_t value) {
  Bytes bytes(8);
  store_le(bytes.data(), value);
  append(to, bytes);
}

Drbg seeded(std::uint8_t seed) {
  return Drbg(KeyView(ByteArray<32>{seed}));
}

// What hop `hop` sees of a forward cell: slots and body as they come, the counter of its link and
// its delta, the slots under its layer; a relay also what it puts in their place. The body that the
// destination opens is for it.
struct ForwardView {
  Bytes bytes;
  ForwardView(const Circuit& circuit, std::size_t hop, const Bytes& in) {
    append(bytes, in);
    append(bytes, circuit.counter(hop));
    append(bytes, circuit.hops[hop].delta);
  }
  void opened(const Bytes& out) { append(bytes, ByteView(out).first(kSlotPlain)); }
};

void forward_cell(Sameness& seen, const OnionModel& model, const Circuit& circuit,
                  const std::function<void(Bytes&)>& seal) {
  Bytes onion(kOnion);
  seal(onion);
  for (std::size_t hop = 0; hop < circuit.length(); ++hop) {
    const Place place{circuit.length(), hop + 1};
    ForwardView view(circuit, hop, onion);
    Bytes out(kOnion);
    if (hop + 1 < circuit.length()) {
      REQUIRE(model.relay(circuit.forward(hop), onion, out));
      view.opened(out);
      append(view.bytes, ByteView(out).subspan(kSlotPlain, kTagSize));
    } else {
      REQUIRE(hop_open(circuit.forward(hop), onion, onion));
      copy(ByteView(onion).subspan(kTagSize, kSlotPlain), out);
      view.opened(out);
    }
    seen.see(place, view.bytes);
    onion = out;
  }
}

Sameness forward_cells(Refill refill) {
  Drbg random = seeded(51);
  const OnionModel model(refill);
  Sameness seen;
  for (std::size_t n = 0; n < kCircuits * kHopsMost; ++n) {
    const Circuit circuit(random, 1 + n % kHopsMost);
    forward_cell(seen, model, circuit, [&](Bytes& onion) {
      random.fill(onion);
      model.seal(circuit.hops, circuit.first, random, onion);
    });
  }
  return seen;
}

Sameness forward_cells_without_padding() {
  Drbg random = seeded(52);
  LazyEntropy lazy(random);
  Sameness seen;
  for (std::size_t n = 0; n < kCircuits; ++n) {
    const Circuit circuit(random, 2);
    forward_cell(seen, OnionModel(Refill::KeyStream), circuit,
                 [&](Bytes& onion) { origin_seal(circuit.hops, circuit.first, lazy, onion); });
  }
  return seen;
}

enum class Relays { Honest, Marking };

// What a relay sees of a backward cell: as it comes, its counters, and as it goes. Marking relays
// leave a byte of their own in the last slot.
Sameness backward_cells(Relays relays) {
  Drbg random = seeded(53);
  Sameness seen;
  for (std::size_t n = 0; n < kCircuits * kHopsMost; ++n) {
    const Circuit circuit(random, 1 + n % kHopsMost);
    Bytes onion(kOnion);
    random.fill(onion);
    destination_seal(circuit.backward(circuit.length() - 1), onion);
    for (std::size_t hop = circuit.length() - 1; hop-- > 0;) {
      Bytes view = onion;
      append(view, circuit.counter(hop + 1));
      append(view, circuit.hops[hop].delta);
      relay_backward(circuit.backward(hop), onion);
      if (relays == Relays::Marking) onion[kSlotsSize - 1] = 0;
      append(view, onion);
      seen.see({circuit.length(), hop + 1}, view);
    }
  }
  return seen;
}

// ---- builds

struct BuildPath {
  BuildPath(Drbg& random, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) {
      onions.push_back(make_key_pair(random));
      stops.push_back({onions.back().public_key, {1}});
    }
  }
  std::vector<KeyPair> onions;
  std::vector<BuildStop> stops;
};

// A packet begins with a public key, whose last bit is always 0: another one takes its place.
void append_packet(Bytes& to, ByteView packet) {
  const std::size_t at = to.size() + kKeySize - 1;
  append(to, packet);
  to[at] = static_cast<std::uint8_t>((to[at] & 0x7f) | (packet[kKeySize] & 0x80));
}

// What a hop sees of a build: the packet as it comes, then what goes to the next hop, filler
// included, and the answer that comes back; the last hop the records behind its own instead. The
// payload that it opens is for it.
struct BuildViews {
  std::vector<Bytes> bytes;
  std::vector<HopBuild> hops;

  void out(const BuildPath& path, const BuildModel& model, BuildPacket packet, Drbg& random) {
    for (std::size_t i = 0; i < path.stops.size(); ++i) {
      const auto opened = open_build(path.onions[i], packet);
      REQUIRE(opened.ok());
      auto hop = HopBuild::answer({*opened, path.stops[i].onion_key, packet}, random);
      REQUIRE(hop.ok());
      hops.push_back(std::move(*hop));
      Bytes view;
      append_packet(view, packet);
      packet = model.pass(*opened);
      const bool last = i + 1 == path.stops.size();
      append_packet(view, ByteView(packet).first(last ? 512 : kBuildPacketSize));
      bytes.push_back(std::move(view));
    }
  }
  void back(Entropy& random) {
    BuildPacket packet{};
    hops.back().finish({}, ByteArray<kBuildAnswerSize>{}, packet, random);
    for (std::size_t i = hops.size() - 1; i-- > 0;) {
      append_packet(bytes[i], packet);
      hops[i].wrap({}, packet, packet);
    }
  }
};

Sameness builds(Refill refill) {
  Drbg random = seeded(54);
  const BuildModel model(refill);
  Sameness seen;
  for (std::size_t n = 0; n < kBuilds * kHopsMost; ++n) {
    const BuildPath path(random, 1 + n % kHopsMost);
    ByteArray<kBuildPayloadSize> payload{};
    BuildViews views;
    views.out(path, model, model.make(path.stops, payload, random), random);
    views.back(random);
    for (std::size_t i = 0; i < views.bytes.size(); ++i) {
      seen.see({path.stops.size(), i + 1}, views.bytes[i]);
    }
  }
  return seen;
}

enum class Lazy { Origin, LastHop };

Sameness lazy_builds(Lazy who) {
  Drbg random = seeded(55);
  LazyEntropy lazy(random);
  Sameness seen;
  for (std::size_t n = 0; n < kBuilds; ++n) {
    const BuildPath path(random, 2);
    BuildPacket packet{};
    Entropy& of_origin = who == Lazy::Origin ? static_cast<Entropy&>(lazy) : random;
    Entropy& of_last = who == Lazy::LastHop ? static_cast<Entropy&>(lazy) : random;
    REQUIRE(OriginBuild::make(path.stops, ByteArray<kBuildPayloadSize>{}, of_origin, packet).ok());
    BuildViews views;
    views.out(path, BuildModel(Refill::KeyStream), packet, random);
    views.back(of_last);
    for (std::size_t i = 0; i < 2; ++i) seen.see({2, i + 1}, views.bytes[i]);
  }
  return seen;
}

void show(const std::string& what, const Sameness::Verdict& v) {
  MESSAGE(what << ": bit " << v.bit << ", block " << v.block << ", between places " << v.alike
               << ", twice " << v.twice);
}

// What was made with zeros for fillers: the first hop alone sees nothing of its place.
void check_shown(const std::string& what, const Sameness& seen) {
  const auto verdict = seen.verdict();
  show(what, verdict);
  CHECK(verdict.block > 6);
  CHECK(verdict.alike > 6);
  for (std::size_t length = 2; length <= kHopsMost; ++length) {
    for (std::size_t hop = 2; hop <= length; ++hop) {
      CHECK_FALSE(seen.verdict_of({length, hop}).hides());
    }
  }
}

}  // namespace

TEST_CASE("the model's onions and build packets are the product's") {
  for (std::size_t length = 1; length <= kHopsMost; ++length) {
    Drbg random = seeded(50);
    const Circuit circuit(random, length);
    const OnionModel onions(Refill::KeyStream);
    Drbg one = seeded(1);
    Drbg two = seeded(1);
    Bytes ours(kOnion, 9);
    Bytes theirs(kOnion, 9);
    onions.seal(circuit.hops, circuit.first, one, ours);
    origin_seal(circuit.hops, circuit.first, two, theirs);
    CHECK(ours == theirs);
    Bytes next(kOnion);
    REQUIRE(onions.relay(circuit.forward(0), theirs, ours));
    REQUIRE(relay_forward(circuit.forward(0), theirs, next));
    CHECK(ours == next);

    const BuildModel model(Refill::KeyStream);
    const BuildPath path(random, length);
    BuildPacket packet{};
    const ByteArray<kBuildPayloadSize> payload{7};
    REQUIRE(OriginBuild::make(path.stops, payload, two, packet).ok());
    CHECK(model.make(path.stops, payload, one) == packet);
    const auto opened = open_build(path.onions[0], packet);
    REQUIRE(opened.ok());
    const auto hop = HopBuild::answer({*opened, path.stops[0].onion_key, packet}, random);
    REQUIRE(hop.ok());
    hop->pass(packet);
    CHECK(model.pass(*opened) == packet);
  }
}

TEST_CASE("forward cells look alike at every place of every path") {
  const auto verdict = forward_cells(Refill::KeyStream).verdict();
  show("forward", verdict);
  CHECK(verdict.hides());
}

TEST_CASE("forward cells with zeros for fillers show the place to every hop but the first") {
  check_shown("forward, zeros", forward_cells(Refill::Zeros));
}

TEST_CASE("an origin that pads with zeros shows the length to the destination") {
  const Sameness seen = forward_cells_without_padding();
  CHECK(seen.verdict_of({2, 1}).hides());
  CHECK_FALSE(seen.verdict_of({2, 2}).hides());
}

TEST_CASE("backward cells look alike at every relay of every path") {
  const auto verdict = backward_cells(Relays::Honest).verdict();
  show("backward", verdict);
  CHECK(verdict.hides());
  CHECK_FALSE(backward_cells(Relays::Marking).verdict().hides());
}

TEST_CASE("builds look alike at every place of every path, on the way out and back") {
  const auto verdict = builds(Refill::KeyStream).verdict();
  show("builds", verdict);
  CHECK(verdict.hides());
}

TEST_CASE("builds with zeros for fillers show the place to every hop but the first") {
  check_shown("builds, zeros", builds(Refill::Zeros));
}

TEST_CASE("builds padded with zeros show the length to the last hop, and answers to a relay") {
  const Sameness origin = lazy_builds(Lazy::Origin);
  CHECK(origin.verdict_of({2, 1}).hides());
  CHECK_FALSE(origin.verdict_of({2, 2}).hides());
  CHECK_FALSE(lazy_builds(Lazy::LastHop).verdict_of({2, 1}).hides());
}
