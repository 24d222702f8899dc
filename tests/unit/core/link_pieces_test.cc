// SPDX-License-Identifier: Apache-2.0
// The parts of the link layer that need neither keys nor a network.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <set>

#include "core/link/bucket.h"
#include "core/link/control_channel.h"
#include "core/link/deadlines.h"
#include "core/link/fragments.h"
#include "core/link/index_table.h"
#include "core/link/lane_ledger.h"
#include "core/link/limits.h"
#include "core/link/posting_tag.h"
#include "core/link/replay.h"
#include "core/link/rtt.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

Instant at(std::int64_t ms) {
  return Instant{} + Duration::millis(ms);
}

struct Pair {
  ControlChannel a;
  ControlChannel b;
  std::vector<std::string> got;
  std::mt19937 random{7};

  // One turn of both directions; loss in percent; what survives may come twice and out of order.
  void turn(Instant now, unsigned loss) {
    pass(a, b, now, loss);
    while (const auto m = b.pop()) got.emplace_back(m->begin(), m->end());
    pass(b, a, now, loss);
    while (a.pop()) {
    }
  }
  void pass(ControlChannel& from, ControlChannel& to, Instant now, unsigned loss) {
    struct Copy {
      std::uint32_t seq, ack;
      std::vector<std::uint8_t> message;
    };
    std::vector<Copy> wire;
    while (const auto f = from.due(now)) {
      for (int copies = 0; copies < 2; ++copies) {
        if (random() % 100 >= loss) {
          wire.push_back({f->seq, f->ack, {f->message.begin(), f->message.end()}});
        }
      }
      from.sent(*f, now, Duration::millis(50));
    }
    std::shuffle(wire.begin(), wire.end(), random);
    for (const Copy& c : wire) to.receive({c.seq, c.ack, c.message});
  }
};

}  // namespace

TEST_CASE("a replay window takes each number once") {
  ReplayWindow<128> w;
  for (const std::uint64_t seq : {0u, 1u, 5u, 3u, 200u, 199u, 73u}) {
    CHECK(w.fresh(seq));
    w.set(seq);
    CHECK(!w.fresh(seq));
  }
  CHECK(w.fresh(198));
  CHECK(!w.fresh(72));  // 201 - 72 > 128
  CHECK(w.missing() == 201 - 7);
}

TEST_CASE("a replay window keeps exactly its width behind the newest") {
  ReplayWindow<8192> w;
  w.set(10'000);
  CHECK(w.fresh(10'001 - 8192));
  CHECK(!w.fresh(10'000 - 8192));
  w.set(1'000'000'000'000);
  CHECK(!w.fresh(10'001));
  for (std::uint64_t i = 1; i < 8192; ++i) CHECK(w.fresh(1'000'000'000'000 - i));
  CHECK(!w.fresh(1'000'000'000'000 - 8192));
}

TEST_CASE("a replay window agrees with a plain set over random walks") {
  std::mt19937_64 random(3);
  ReplayWindow<256> w;
  std::set<std::uint64_t> seen;
  std::uint64_t newest = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t reach = random() % 50 == 0 ? 2000 : 300;
    const std::uint64_t base = newest > 280 ? newest - 280 : 0;
    const std::uint64_t seq = base + random() % reach;
    const bool wanted = seen.count(seq) == 0 && (newest < 256 || seq > newest - 256);
    const bool got = w.fresh(seq);
    REQUIRE(got == wanted);
    if (!got) continue;
    w.set(seq);
    seen.insert(seq);
    newest = std::max(newest, seq);
  }
}

TEST_CASE("a bucket gives its burst at once and then its rate") {
  Bucket bucket({10, 3});
  CHECK(bucket.take(at(1000)));
  CHECK(bucket.take(at(1000)));
  CHECK(bucket.take(at(1000)));
  CHECK(!bucket.take(at(1000)));
  CHECK(bucket.ready_at() == at(1100));
  CHECK(!bucket.take(at(1099)));
  CHECK(bucket.take(at(1100)));
  int taken = 0;
  for (int ms = 1101; ms <= 3100; ++ms) taken += bucket.take(at(ms)) ? 1 : 0;
  CHECK(taken == 20);
}

TEST_CASE("each source has twenty handshakes a second, an IPv6 /64 being one source") {
  SourceLimiter limiter(42);
  Address v6 = *parse_address("2001:db8::1");
  int taken = 0;
  for (int i = 0; i < 100; ++i) {
    v6.bytes[15] = static_cast<std::uint8_t>(i);
    taken += limiter.take(v6, at(5000)) ? 1 : 0;
  }
  CHECK(taken == 20);
  CHECK(limiter.take(*parse_address("2001:db8:0:1::1"), at(5000)));
  CHECK(limiter.take(*parse_address("192.0.2.1"), at(5000)));
  CHECK(limiter.take(v6, at(5050)));
}

TEST_CASE("a flood of sources costs no memory and does not lock out a new one") {
  SourceLimiter limiter(42);
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    Address ip = *parse_address("192.0.2.1");
    store_le<std::uint32_t>(ip.bytes.data() + 12, i);
    (void)limiter.take(ip, at(5000));
  }
  CHECK(limiter.take(*parse_address("198.51.100.7"), at(5000)));
}

TEST_CASE("control messages arrive once and in order however the network mistreats them") {
  for (const unsigned loss : {0u, 30u, 70u}) {
    Pair pair;
    std::size_t sent = 0;
    Instant now = at(1000);
    while (pair.got.size() < 200) {
      if (sent < 200) {
        const std::string text = "message " + std::to_string(sent);
        if (pair.a.send(bytes_of(text), now)) ++sent;
      }
      pair.turn(now, loss);
      now = now + Duration::millis(20);
      REQUIRE(now < at(10'000'000));
    }
    for (std::size_t i = 0; i < 200; ++i) CHECK(pair.got[i] == "message " + std::to_string(i));
    for (int i = 0; i < 500 && !pair.a.deadline().is_never(); ++i) {
      now = now + Duration::millis(100);
      pair.turn(now, loss);
    }
    CHECK(pair.a.deadline().is_never());
    CHECK(pair.got.size() == 200);
  }
}

TEST_CASE("a control channel holds sixteen messages and no more") {
  ControlChannel channel;
  for (int i = 0; i < 16; ++i) CHECK(channel.send(bytes_of("x"), at(1)));
  CHECK(!channel.send(bytes_of("x"), at(1)));
  CHECK(channel.receive({0, 5, {}}));
  for (int i = 0; i < 5; ++i) CHECK(channel.send(bytes_of("x"), at(1)));
  CHECK(!channel.send(bytes_of("x"), at(1)));
}

TEST_CASE("a control channel refuses what cannot be") {
  ControlChannel channel;
  CHECK(!channel.receive({0, 1, {}}));  // acknowledges what was never sent
  CHECK(!channel.receive({17, 0, bytes_of("too far")}));
  CHECK(channel.receive({16, 0, bytes_of("last")}));
  CHECK(!channel.pop().has_value());
  for (std::uint32_t seq = 1; seq < 16; ++seq) CHECK(channel.receive({seq, 0, bytes_of("m")}));
  int popped = 0;
  while (channel.pop()) ++popped;
  CHECK(popped == 16);
}

TEST_CASE("repetitions come ever later, and an acknowledgement alone is sent when owed") {
  ControlChannel channel;
  channel.send(bytes_of("hello"), at(0));
  std::vector<std::int64_t> gaps;
  Instant now = at(0);
  for (int i = 0; i < 8; ++i) {
    const auto frame = channel.due(now);
    REQUIRE(frame.has_value());
    channel.sent(*frame, now, Duration::millis(100));
    CHECK(!channel.due(now).has_value());
    gaps.push_back((channel.deadline() - now).nanoseconds / 1'000'000);
    now = channel.deadline();
  }
  CHECK(gaps == std::vector<std::int64_t>{100, 200, 400, 800, 1600, 2000, 2000, 2000});
  channel.receive({1, 1, bytes_of("answer")});
  const auto ack = channel.due(now);
  REQUIRE(ack.has_value());
  CHECK(ack->seq == 0);
  CHECK(ack->ack == 1);
}

TEST_CASE("the retransmission timeout follows the round trip within its bounds") {
  Rtt rtt;
  CHECK(rtt.timeout() == kRtoFirst);
  for (int i = 0; i < 20; ++i) rtt.sample(Duration::millis(1));
  CHECK(rtt.timeout() == kRtoLeast);
  CHECK(rtt.smoothed() == Duration::millis(1));
  for (int i = 0; i < 50; ++i) rtt.sample(Duration::seconds(3));
  CHECK(rtt.timeout() == kRtoMost);
}

TEST_CASE("an L cell in eleven pieces is put together in any order") {
  std::mt19937 random(1);
  ByteArray<wire::kLargeOnion> onion{};
  for (auto& b : onion) b = static_cast<std::uint8_t>(random());
  FragmentedCell cell{};
  write_fragmented({CircuitId{77}, 0x1122334455667788}, onion, cell);
  std::vector<std::uint8_t> order(wire::kFragCount);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint8_t>(i);
  std::shuffle(order.begin(), order.end(), random);
  Reassembly reassembly;
  ByteView whole;
  for (const std::uint8_t i : order) {
    CHECK(whole.empty());
    CHECK(reassembly.add(1, fragment_of(cell, 9, order[0]), at(0)).empty());  // a duplicate
    whole = reassembly.add(1, fragment_of(cell, 9, i), at(0));
  }
  REQUIRE(whole.size() == wire::kFragmentedCell);
  CHECK(fragmented_header(whole).circuit.value == 77);
  CHECK(fragmented_header(whole).counter == 0x1122334455667788);
  CHECK(std::equal(onion.begin(), onion.end(), fragmented_onion(whole).begin()));
}

TEST_CASE("reassembly is bounded in cells and in time, and refuses other shapes") {
  FragmentedCell cell{};
  Reassembly reassembly;
  const auto all_but_last = [&](std::uint32_t session, std::uint16_t id, Instant now) {
    for (std::uint8_t i = 0; i < wire::kFragCount - 1; ++i) {
      CHECK(reassembly.add(session, fragment_of(cell, id, i), now).empty());
    }
  };
  const auto last = [&](std::uint32_t session, std::uint16_t id, Instant now) {
    return !reassembly.add(session, fragment_of(cell, id, wire::kFragCount - 1), now).empty();
  };
  for (std::uint16_t id = 0; id < 6; ++id) all_but_last(1, id, at(id));
  CHECK(last(1, 5, at(10)));
  CHECK(!last(1, 0, at(10)));  // the oldest of six made room
  all_but_last(1, 50, at(20));
  CHECK(!last(2, 50, at(20)));  // another session's
  all_but_last(1, 60, at(100));
  CHECK(!last(1, 60, at(350)));
  wire::FragFrame frame = fragment_of(cell, 70, 3);
  frame.count = 4;
  CHECK(reassembly.add(1, frame, at(400)).empty());
  frame = fragment_of(cell, 70, 3);
  frame.bytes = frame.bytes.first(127);
  CHECK(reassembly.add(1, frame, at(400)).empty());
  frame.index = 200;
  CHECK(reassembly.add(1, frame, at(400)).empty());
}

TEST_CASE("a ledger counts what has not left, and forgets with the shaper") {
  FlowLedger ledger;
  std::vector<std::uint64_t> ordinals;
  for (int i = 0; i < 10; ++i)
    ordinals.push_back(ledger.post(at(0), static_cast<std::uint64_t>(i)));
  CHECK(ledger.unsent() == 10);
  CHECK(ledger.complete(ordinals[0], at(1)));
  CHECK(!ledger.complete(ordinals[0], at(1)));  // twice
  CHECK(ledger.unsent() == 9);
  CHECK(!ledger.complete(ordinals[9] + 1, at(1)));  // never posted
  CHECK(ledger.complete(ordinals[4], at(1)));       // and all before it
  CHECK(ledger.unsent() == 5);
  ledger.forget();
  CHECK(ledger.unsent() == 0);
  CHECK(!ledger.complete(ordinals[9], at(1)));
}

TEST_CASE("completions that nobody looked for say nothing about the path") {
  FlowLedger ledger;
  std::uint64_t place = 0;
  Instant now = at(1000);
  std::vector<std::uint64_t> posted;
  for (int round = 0; round < 40; ++round) {
    // They left at once, and are seen when the next acknowledgement of the flow comes.
    for (const std::uint64_t ordinal : posted) CHECK(ledger.complete(ordinal, now));
    now = now + Duration::millis(100);
    posted.clear();
    const int burst = std::min(500, 10 << std::min(round, 10));
    for (int i = 0; i < burst && !ledger.backlogged(); ++i)
      posted.push_back(ledger.post(now, place++));
    CHECK(posted.size() == static_cast<std::size_t>(burst));
  }
}

TEST_CASE("a path that was slow is trusted again by bursts that leave at once") {
  FlowLedger ledger;
  std::uint64_t place = 0;
  Instant now = at(1000);
  std::deque<std::uint64_t> queue;
  for (int ms = 0; ms < 5000; ++ms) {
    now = now + Duration::millis(1);
    while (!ledger.backlogged()) queue.push_back(ledger.post(now, place++));
    CHECK(ledger.complete(queue.front(), now));
    queue.pop_front();
  }
  CHECK(ledger.unsent() <= 80);
  for (int round = 0; round < 40; ++round) {
    while (!queue.empty()) {
      CHECK(ledger.complete(queue.front(), now));
      queue.pop_front();
    }
    now = now + Duration::millis(100);
    while (!ledger.backlogged()) queue.push_back(ledger.post(now, place++));
  }
  CHECK(queue.size() == 512);
}

TEST_CASE("the backlog limit follows the time that a cell waits in the shaper") {
  FlowLedger ledger;
  std::uint64_t place = 0;
  std::deque<std::pair<std::uint64_t, Instant>> queue;
  Instant now = at(1000);
  // 1,000 cells a second leave; the sender posts as many as it may.
  for (int ms = 0; ms < 5000; ++ms) {
    now = now + Duration::millis(1);
    while (!ledger.backlogged()) queue.emplace_back(ledger.post(now, place++), now);
    CHECK(ledger.complete(queue.front().first, now));
    queue.pop_front();
  }
  CHECK(ledger.unsent() <= 80);
  CHECK(ledger.unsent() >= 16);
  // The path becomes fast: the limit opens again.
  for (int i = 0; i < 20'000; ++i) {
    if (!ledger.backlogged()) queue.emplace_back(ledger.post(now, place++), now);
    now = now + Duration::micros(10);
    if (queue.empty()) continue;
    ledger.complete(queue.front().first, now);
    queue.pop_front();
  }
  for (const auto& [ordinal, since] : queue) ledger.complete(ordinal, now);
  int burst = 0;
  while (!ledger.backlogged()) {
    ledger.post(now, place++);
    ++burst;
  }
  CHECK(burst == 512);
}

TEST_CASE("deadlines come out in order whatever is changed") {
  std::mt19937 random(5);
  Deadlines deadlines;
  std::vector<Instant> wanted(200, Instant::never());
  for (int i = 0; i < 20'000; ++i) {
    const auto slot = static_cast<std::uint32_t>(random() % wanted.size());
    wanted[slot] = random() % 4 == 0 ? Instant::never() : at(static_cast<int>(random() % 10'000));
    deadlines.set(slot, wanted[slot]);
    const Instant least = *std::min_element(wanted.begin(), wanted.end());
    REQUIRE(deadlines.next() == least);
    if (!least.is_never()) REQUIRE(wanted[deadlines.first()] == least);
  }
}

TEST_CASE("receiver indices lead to what they were issued for and die with it") {
  std::mt19937 random(5);
  IndexTable table(0x5a5a5a5a);
  std::vector<ReceiverIndex> live;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const auto index = table.issue(i, static_cast<std::uint32_t>(random()));
    REQUIRE(index.has_value());
    CHECK(index->value >= 256);
    live.push_back(*index);
  }
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const IndexEntry* entry = table.find(live[i].value);
    REQUIRE(entry != nullptr);
    CHECK(entry->slot == i);
  }
  CHECK(table.find(0) == nullptr);
  CHECK(table.find(live[3].value ^ 0x00100000) == nullptr);
  table.withdraw(live[3]);
  CHECK(table.find(live[3].value) == nullptr);
  table.withdraw(live[3]);
  const auto again = table.issue(9, 1);
  REQUIRE(again.has_value());
  CHECK(table.find(again->value)->slot == 9);
}

TEST_CASE("a posting's tag says again what it was made of") {
  const PostingTag tag{0xabcde, 0x1fff, Posted::LargeCell, FlowClass::Idle, 0xfedcba};
  const PostingTag same = decode(encode(tag));
  CHECK(same.slot == tag.slot);
  CHECK(same.life == tag.life);
  CHECK(same.what == tag.what);
  CHECK(same.as == tag.as);
  CHECK(same.ordinal == tag.ordinal);
}
