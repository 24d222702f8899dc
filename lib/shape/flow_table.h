// SPDX-License-Identifier: Apache-2.0
// Queues, links and levels of the scheduler as nodes of one cache line each, and the queued
// datagrams. Everything is preallocated and linked by index; no call looks at more than a few
// nodes.
// Thread: data.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>

#include "base/bug.h"
#include "base/flow_class.h"
#include "base/ids.h"
#include "base/instant.h"
#include "shape/price.h"
#include "shape/terms.h"

namespace covfefe::shape {

inline constexpr std::uint32_t kNone = 0xffffffff;

struct Fifo {
  std::uint32_t head = kNone;
  std::uint32_t tail = kNone;
  [[nodiscard]] bool empty() const { return head == kNone; }
};

enum class Place : std::uint8_t {  // what Node::queue_next and queue_previous are links of
  Nowhere,
  Wheel,    // until a time
  Leases,   // by deadline
  Behind,   // guarantees that are due, by deadline
  Slots,    // slots that are due
  Control,  // of its level
};

// Index: that of a flow is its FlowId; the eighth of every link is the link; levels and the root
// come after the last link.
struct alignas(64) Node {
  Instant clock;            // link, level: of its guarantee; Leased: its head becomes eligible;
                            // Spare: the next slot without jitter
  Instant cap_clock;        // link, level: until then it has had what its cap allows
  std::uint32_t price = 0;  // mantissas of prices: the guarantee's or lease's, the cap's
  std::uint32_t cap_price = 0;
  Fifo list;                   // flow: its datagrams; link, level, root: head is whose turn it is
  std::uint32_t next = kNone;  // siblings with something to send, a ring
  std::uint32_t previous = kNone;
  std::uint32_t queue_next = kNone;  // see Place, a ring
  std::uint32_t queue_previous = kNone;
  std::int32_t deficit = 0;  // wire bytes that this turn may still send; its turn while above 0
  std::uint32_t bucket = 0;  // of the wheel or a deadline queue
  std::uint16_t weight = 1;
  std::uint8_t shift = 0;  // of the prices
  std::uint8_t cap_shift = 0;
  Place place = Place::Nowhere;
  Account account = Account::None;  // of a flow
  Level level = Level::None;        // of a link
  bool active : 1 = false;          // in the ring of its siblings
  bool parked : 1 = false;          // its cap holds it
  bool draining : 1 = false;        // Idle: too much waits for slots
  bool paced : 1 = false;           // link: control waits for a slot

  [[nodiscard]] Price guarantee() const { return {price, shift}; }
  [[nodiscard]] Price cap() const { return {cap_price, cap_shift}; }
  void set_guarantee(Price one) {
    price = one.mantissa;
    shift = one.shift;
  }
  void set_cap(Price one) {
    cap_price = one.mantissa;
    cap_shift = one.shift;
  }
};
static_assert(sizeof(Node) == 64);

inline constexpr Instant kLongAgo{-1'000'000'000'000'000'000};

struct alignas(64) FlowState {
  std::uint64_t sent_bytes = 0;
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;
  std::uint32_t bytes = 0;  // queued: wire
  std::uint32_t packets = 0;
  std::uint32_t payload = 0;  // UDP payload
  std::uint32_t fat_next = kNone;
  std::uint32_t fat_previous = kNone;
  std::uint8_t fat_class = 0;
  std::uint8_t standing_drops = 0;  // in a row
  Instant standing_until = kLongAgo;
  Instant last_sent = kLongAgo;  // other than in a slot
};
static_assert(sizeof(FlowState) == 64);

struct alignas(64) LinkState {
  Fifo paced;  // control that waits for a slot
  Duration idle_period;
  Instant slot_at;        // the next slot, once something waits for it
  Duration lease_credit;  // how far before its arrival a datagram may be eligible
  Duration lease_target;
  std::uint64_t guaranteed_bytes = 0;
};
static_assert(sizeof(LinkState) == 64);

enum class Fate : std::uint8_t { Sent, Dropped, Cancelled };

class FlowTable {
 public:
  FlowTable(std::uint32_t flows, std::uint32_t items);
  // flows: a multiple of kFlowsPerLink.

  [[nodiscard]] std::uint32_t flows() const { return flows_; }
  [[nodiscard]] std::uint32_t links() const { return flows_ / kFlowsPerLink; }
  [[nodiscard]] Node& operator[](std::uint32_t node) {
    return blocks_[node / kFlowsPerLink].nodes[node % kFlowsPerLink];
  }
  [[nodiscard]] const Node& operator[](std::uint32_t node) const {
    return blocks_[node / kFlowsPerLink].nodes[node % kFlowsPerLink];
  }
  [[nodiscard]] FlowState& state(std::uint32_t flow) {
    return blocks_[flow / kFlowsPerLink].flows[flow % kFlowsPerLink];
  }
  [[nodiscard]] const FlowState& state(std::uint32_t flow) const {
    return blocks_[flow / kFlowsPerLink].flows[flow % kFlowsPerLink];
  }
  [[nodiscard]] LinkState& link(std::uint32_t link) { return blocks_[link].link; }
  [[nodiscard]] const LinkState& link(std::uint32_t link) const { return blocks_[link].link; }

  [[nodiscard]] std::uint32_t node_of(std::uint32_t link) const {
    return link * kFlowsPerLink + kFlowClasses;
  }
  [[nodiscard]] std::uint32_t node_of(Level level) const {
    return flows_ + static_cast<std::uint32_t>(level);
  }
  [[nodiscard]] std::uint32_t root() const { return flows_ + kLevels; }
  [[nodiscard]] bool is_link(std::uint32_t node) const {
    return node < flows_ && node % kFlowsPerLink == kFlowClasses;
  }

  [[nodiscard]] bool full() const { return free_ == kNone; }
  void push(Fifo& list, const Item& item, Instant now);  // last; not when full()
  [[nodiscard]] const Item& front(const Fifo& list) const { return queued_[list.head].item; }
  [[nodiscard]] Instant arrival(const Fifo& list) const { return queued_[list.head].arrived; }
  Item pop(Fifo& list, Fate fate);  // the oldest; there must be one
  bool remove_older(Fifo& list, std::uint32_t epoch, Item& out);
  // Takes the oldest datagram whose epoch is below `epoch` out of the list; false: there is none.
  void splice(Fifo& to, Fifo& from);  // `from` behind the last of `to`; of one flow

  [[nodiscard]] std::uint32_t fattest() const;
  // A flow with more than half of the bytes of the one that has most queued; kNone: none has more
  // than kLean.
  static constexpr std::uint32_t kLean = 8'192;

  [[nodiscard]] std::uint32_t packets() const { return packets_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // wire
  [[nodiscard]] std::uint32_t busy() const { return busy_; }    // flows with something queued
  [[nodiscard]] const Counters& of(Account account) const {
    return accounts_[static_cast<std::size_t>(account)];
  }
  void move_account(std::uint32_t flow, Account to);

  void prefetch(std::uint32_t flow) const {
    __builtin_prefetch(&(*this)[flow]);
    __builtin_prefetch(&state(flow));
  }
  void prefetch_node(std::uint32_t node) const { __builtin_prefetch(&(*this)[node]); }
  void prefetch_queued(std::uint32_t index) const {
    if (index != kNone) __builtin_prefetch(&queued_[index]);
  }

 private:
  // An odd number of cache lines: the same line of neighbouring links does not collide.
  struct Block {
    std::array<Node, kFlowsPerLink> nodes;
    std::array<FlowState, kFlowsPerLink> flows;
    LinkState link;
  };
  static_assert(sizeof(Block) / 64 % 2 == 1);
  struct Queued {
    Item item;
    Instant arrived;
    std::uint32_t next = kNone;
  };

  void account(const Item& item);
  void discount(const Item& item, Fate fate);
  void classify(std::uint32_t flow, FlowState& state);
  void reclassify(std::uint32_t flow, FlowState& state, std::uint8_t as);
  void unlist(FlowState& state);

  std::uint32_t flows_;
  std::unique_ptr<Block[]> blocks_;
  std::unique_ptr<Queued[]> queued_;
  std::uint32_t free_ = kNone;
  std::uint32_t packets_ = 0;
  std::uint32_t busy_ = 0;
  std::uint64_t bytes_ = 0;
  std::array<Counters, kAccounts> accounts_{};
  std::uint32_t fat_classes_ = 0;  // bit k: a flow has 2^(k-1)..2^k-1 bytes, more than kLean
  std::array<std::uint32_t, 33> fat_{};
};

// ---- what every datagram passes: inlined --------------------------------------------------------

// Flows with little queued, nearly all of them nearly always, are on no list and cost nothing here.
inline void FlowTable::classify(std::uint32_t flow, FlowState& state) {
  const int as = state.bytes <= kLean ? 0 : static_cast<int>(std::bit_width(state.bytes));
  if (as != state.fat_class) reclassify(flow, state, static_cast<std::uint8_t>(as));
}

inline void FlowTable::account(const Item& item) {
  FlowState& of = state(item.flow.value);
  if (of.packets == 0) ++busy_;
  ++of.packets;
  of.bytes += item.wire;
  of.payload += item.length;
  ++packets_;
  bytes_ += item.wire;
  Counters& all = accounts_[static_cast<std::size_t>((*this)[item.flow.value].account)];
  ++all.queued;
  all.queued_bytes += item.wire;
  classify(item.flow.value, of);
}

inline void FlowTable::discount(const Item& item, Fate fate) {
  FlowState& of = state(item.flow.value);
  --of.packets;
  if (of.packets == 0) --busy_;
  of.bytes -= item.wire;
  of.payload -= item.length;
  --packets_;
  bytes_ -= item.wire;
  Counters& all = accounts_[static_cast<std::size_t>((*this)[item.flow.value].account)];
  --all.queued;
  all.queued_bytes -= item.wire;
  if (fate == Fate::Sent) {
    ++of.sent;
    ++all.sent;
    of.sent_bytes += item.wire;
    all.sent_bytes += item.wire;
  } else if (fate == Fate::Dropped) {
    ++of.dropped;
    ++all.dropped;
  }
  classify(item.flow.value, of);
}

inline void FlowTable::push(Fifo& list, const Item& item, Instant now) {
  if (free_ == kNone) bug("a datagram without room");
  const std::uint32_t index = free_;
  Queued& one = queued_[index];
  free_ = one.next;
  one = {item, now, kNone};
  (list.empty() ? list.head : queued_[list.tail].next) = index;
  list.tail = index;
  account(item);
}

inline Item FlowTable::pop(Fifo& list, Fate fate) {
  if (list.empty()) bug("a datagram of an empty queue");
  const std::uint32_t index = list.head;
  Queued& gone = queued_[index];
  list.head = gone.next;
  if (list.empty()) list.tail = kNone;
  gone.next = free_;
  free_ = index;
  discount(gone.item, fate);
  return gone.item;
}

}  // namespace covfefe::shape
