// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <vector>

#include "core/stream/flows.h"
#include "core/stream/leg_choice.h"
#include "core/stream/reorder.h"
#include "wire/ip.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

constexpr Instant kStart{1'000'000'000'000};
constexpr CircuitId kA{11};
constexpr CircuitId kB{12};

Instant at(std::int64_t millis) {
  return kStart + Duration::millis(millis);
}

struct Out final : OrderedCells {
  std::vector<std::uint64_t> order;
  void on_ordered(ByteView plain) override {
    order.push_back(load_le<std::uint64_t>(plain.data()));
  }
};

struct Line {
  ReorderPool pool;
  Reorder reorder{pool};
  Out out;
  void came(CircuitId leg, std::uint64_t sequence, Instant now) {
    ByteArray<8> plain{};
    store_le(plain.data(), sequence);
    reorder.came({leg, sequence, plain}, now, out);
  }
};

using Order = std::vector<std::uint64_t>;

std::vector<std::uint8_t> udp(std::uint16_t port, std::size_t size) {
  std::vector<std::uint8_t> payload(size - wire::kIpv6Header);
  store_be(payload.data(), port);
  wire::Ipv6Packet fields;
  fields.next_header = wire::kNextUdp;
  fields.destination = *parse_address("fd00::2");
  fields.payload = payload;
  std::vector<std::uint8_t> out(size);
  REQUIRE(wire::write_ipv6(fields, out) == size);
  return out;
}

}  // namespace

// ---- order

TEST_CASE("by one leg everything passes as it comes") {
  Line line;
  line.reorder.join(kA);
  for (const std::uint64_t n : Order{1, 2, 5, 4, 9, 3}) line.came(kA, n, at(0));
  CHECK(line.out.order == Order{1, 2, 5, 4, 9, 3});
  CHECK(line.reorder.next_deadline().is_never());
}

TEST_CASE("sessions that wait share a bounded memory, and order is what is given up") {
  ReorderPool pool;
  Out out;
  std::vector<std::unique_ptr<Reorder>> all;
  const auto came = [&](Reorder& to, std::uint64_t sequence) {
    ByteArray<8> plain{};
    store_le(plain.data(), sequence);
    to.came({kA, sequence, plain}, at(0), out);
  };
  for (std::size_t i = 0; i <= ReorderPool::kStores; ++i) {
    all.push_back(std::make_unique<Reorder>(pool));
    all.back()->join(kA);
    all.back()->join(kB);
    came(*all.back(), 1);
    out.order.clear();
    ByteArray<8> plain{};
    all.back()->came({kB, 1, plain}, at(0), out);  // B is in use too, so A's gap may still come
    out.order.clear();
    came(*all.back(), 3);
    CHECK(all.back()->held() == (i < ReorderPool::kStores ? 1 : 0));
  }
  CHECK(out.order == Order{3});
  came(*all.front(), 2);
  CHECK(out.order == Order{3, 2, 3});
  came(*all.back(), 5);
  CHECK(all.back()->held() == 1);
}

TEST_CASE("cells of two legs come out in order") {
  Line line;
  line.reorder.join(kA);
  line.reorder.join(kB);
  line.came(kA, 1, at(0));
  line.came(kB, 2, at(0));
  line.came(kA, 4, at(1));
  line.came(kA, 5, at(2));
  CHECK(line.out.order == Order{1, 2});
  CHECK(line.reorder.held() == 2);
  line.came(kB, 3, at(9));
  CHECK(line.out.order == Order{1, 2, 3, 4, 5});
  CHECK(line.reorder.gaps() == 0);
}

TEST_CASE("a gap that every leg has passed is not waited for") {
  Line line;
  line.reorder.join(kA);
  line.reorder.join(kB);
  line.came(kA, 1, at(0));
  line.came(kB, 2, at(0));
  line.came(kA, 4, at(1));
  line.came(kB, 6, at(2));
  CHECK(line.out.order == Order{1, 2, 4});
  line.came(kA, 7, at(3));
  CHECK(line.out.order == Order{1, 2, 4, 6, 7});
  CHECK(line.reorder.gaps() == 2);
  line.came(kB, 5, at(4));
  CHECK(line.out.order.back() == 5);
}

TEST_CASE(
    "a leg on which nothing comes is waited for while it may be slow, and not once it has left") {
  Line line;
  line.reorder.join(kA);
  line.reorder.join(kB);
  line.reorder.set_wait(Duration::millis(30));
  line.came(kA, 1, at(0));
  line.came(kB, 2, at(0));
  line.came(kA, 4, at(10));
  CHECK(line.reorder.next_deadline() == at(40));
  line.reorder.tick(at(39), line.out);
  CHECK(line.out.order == Order{1, 2});
  line.reorder.tick(at(40), line.out);
  CHECK(line.out.order == Order{1, 2, 4});
  line.came(kA, 6, at(41));
  CHECK(line.out.order.back() == 4);
  line.reorder.tick(at(71), line.out);
  CHECK(line.out.order.back() == 6);
  line.came(kA, 10, at(201));
  CHECK(line.out.order.back() == 10);
  line.came(kB, 11, at(202));
  line.reorder.leave(kB);
  line.came(kA, 13, at(203));
  CHECK(line.out.order.back() == 13);
}

TEST_CASE("waiting has bounds whatever is asked for") {
  Line line;
  line.reorder.join(kA);
  line.reorder.join(kB);
  line.came(kB, 1, at(0));
  for (const auto& [asked, got] : {std::pair{0, 10}, {1'000, 50}}) {
    line.reorder.set_wait(Duration::millis(asked));
    line.came(kB, line.out.order.back() + 1, at(asked));
    line.came(kA, line.out.order.back() + 2, at(asked));
    CHECK(line.reorder.next_deadline() == at(asked + got));
    line.reorder.tick(at(asked + got), line.out);
    CHECK(line.reorder.held() == 0);
  }
}

TEST_CASE("at most 256 cells are held and a jump is taken at once") {
  Line line;
  line.reorder.join(kA);
  line.reorder.join(kB);
  line.came(kB, 1, at(0));
  for (std::uint64_t n = 3; n < 400; ++n) {
    line.came(kA, n, at(0));
    REQUIRE(line.reorder.held() <= Reorder::kCells);
  }
  CHECK(line.out.order.size() == 1 + 397);
  line.came(kB, 402, at(0));
  line.came(kB, std::uint64_t{1} << 55, at(0));
  CHECK(line.out.order.back() != std::uint64_t{1} << 55);
  line.reorder.tick(at(50), line.out);
  CHECK(line.out.order.back() == std::uint64_t{1} << 55);
  CHECK(line.reorder.held() == 0);
}

TEST_CASE("whatever comes goes out exactly once, what was sent in order per leg in order at all") {
  std::mt19937 random(9);
  for (int round = 0; round < 300; ++round) {
    Line line;
    line.reorder.join(kA);
    line.reorder.join(kB);
    line.reorder.set_wait(Duration::millis(50));
    // Two legs of their own delays, no jitter, loss in half of the rounds.
    const std::int64_t delay_b = static_cast<std::int64_t>(random() % 40'000);
    const unsigned loss = round % 2 == 0 ? 0 : 5;
    std::multimap<std::int64_t, std::pair<CircuitId, std::uint64_t>> flight;
    line.came(kB, 1, kStart);
    for (std::uint64_t n = 2; n <= 600; ++n) {
      const bool b = random() % 3 == 0;
      const std::int64_t sent = static_cast<std::int64_t>(n) * 300;
      if (random() % 100 >= loss) flight.insert({sent + (b ? delay_b : 0), {b ? kB : kA, n}});
    }
    std::size_t came = 1;
    for (const auto& [micros, cell] : flight) {
      const Instant now = kStart + Duration::micros(micros);
      if (line.reorder.next_deadline() <= now) line.reorder.tick(now, line.out);
      line.came(cell.first, cell.second, now);
      ++came;
    }
    line.reorder.tick(at(10'000), line.out);
    CHECK(line.out.order.size() == came);
    CHECK(std::is_sorted(line.out.order.begin(), line.out.order.end()));
    CHECK(line.reorder.held() == 0);
  }
}

// ---- class

TEST_CASE("a ping every 10 ms and typing are interactive, a download is bulk") {
  Flows flows(77);
  for (std::int64_t ms = 0; ms < 5'000; ++ms) {
    if (ms % 10 == 0) CHECK(flows.classify(udp(1, 104), at(ms)) == TrafficClass::Interactive);
    if (ms % 100 == 0) CHECK(flows.classify(udp(2, 500), at(ms)) == TrafficClass::Interactive);
    const TrafficClass load = flows.classify(udp(3, 1280), at(ms));
    if (ms > 30) CHECK(load == TrafficClass::Bulk);
    if (ms < 20) CHECK(load == TrafficClass::Interactive);
  }
  CHECK(flows.classify(udp(3, 1280), at(9'000)) == TrafficClass::Interactive);
}

TEST_CASE("a table full of downloads still knows most sparse flows") {
  Flows flows(78);
  for (std::int64_t ms = 0; ms < 100; ++ms) {
    for (std::uint16_t port = 0; port < 60; ++port) (void)flows.classify(udp(port, 1280), at(ms));
  }
  int interactive = 0;
  for (std::uint16_t port = 1'000; port < 1'100; ++port) {
    interactive += flows.classify(udp(port, 100), at(100)) == TrafficClass::Interactive ? 1 : 0;
  }
  CHECK(interactive > 85);
}

// ---- choice

namespace {

struct Legs {
  std::array<LegMeter, 3> meters;
  std::array<LegView, 3> views;

  explicit Legs(std::array<std::int64_t, 3> trips) {
    for (std::size_t i = 0; i < 3; ++i) {
      if (trips[i] != 0) meters[i].seed(Duration::millis(trips[i]));
      views[i] = {CircuitId{static_cast<std::uint32_t>(i + 1)}, &meters[i], false};
    }
  }
};

LegChoice::Wanted wanted(TrafficClass traffic) {
  return {traffic, 1400};
}

}  // namespace

TEST_CASE("realtime goes by the two best legs, interactive by the best, suspect ones last") {
  Legs legs({30, 20, 25});
  LegChoice choice;
  const auto two = choice.pick(wanted(TrafficClass::Realtime), legs.views);
  REQUIRE(two.size() == 2);
  CHECK(two[0].value == 2);
  CHECK(two[1].value == 3);
  CHECK(choice.pick(wanted(TrafficClass::Interactive), legs.views)[0].value == 2);
  legs.meters[1].distrust(kStart);
  CHECK(choice.pick(wanted(TrafficClass::Interactive), legs.views)[0].value == 3);
  const auto rest = choice.pick(wanted(TrafficClass::Realtime), legs.views);
  CHECK(rest[0].value == 3);
  CHECK(rest[1].value == 1);
  CHECK(LegChoice::other(CircuitId{3}, legs.views).value == 1);
  for (auto& meter : legs.meters) meter.distrust(kStart);
  CHECK(choice.pick(wanted(TrafficClass::Interactive), legs.views).size() == 1);
  CHECK(choice.pick(wanted(TrafficClass::Bulk), legs.views).size() == 1);
}

TEST_CASE("interactive cells stay where they are unless it is worth it") {
  Legs legs({20, 0, 0});
  LegChoice choice;
  CHECK(choice.pick(wanted(TrafficClass::Interactive), legs.views)[0].value == 1);
  legs.meters[1].seed(Duration::millis(17));
  CHECK(choice.pick(wanted(TrafficClass::Interactive), legs.views)[0].value == 1);
  legs.meters[2].seed(Duration::millis(15));
  CHECK(choice.pick(wanted(TrafficClass::Interactive), legs.views)[0].value == 3);
}

TEST_CASE("bulk fills the shorter leg first and avoids full and suspect ones") {
  Legs legs({20, 60, 60});
  LegChoice choice;
  std::array<std::uint64_t, 3> sent{};
  for (int i = 0; i < 200; ++i) {
    const CircuitId leg = choice.pick(wanted(TrafficClass::Bulk), legs.views)[0];
    const std::size_t at_leg = leg.value - 1;
    legs.meters[at_leg].sent({sent[at_leg]++, 1400, Wants::Acknowledgement}, kStart);
    if (i < 64) CHECK(leg.value == 1);
  }
  CHECK(sent[0] > sent[1]);
  CHECK(sent[1] > 10);
  CHECK(sent[2] > 10);
  legs.views[0].full = true;
  CHECK(choice.pick(wanted(TrafficClass::Bulk), legs.views)[0].value != 1);
  legs.meters[1].distrust(kStart);
  CHECK(choice.pick(wanted(TrafficClass::Bulk), legs.views)[0].value == 3);
  for (auto& view : legs.views) view.full = true;
  CHECK(choice.pick(wanted(TrafficClass::Bulk), legs.views).empty());
  CHECK(choice.pick(wanted(TrafficClass::Interactive), {}).empty());
}
