// SPDX-License-Identifier: Apache-2.0
// Flows and their queued datagrams: one cache line per flow, one preallocated node per datagram,
// everything linked by index. No call allocates; none looks at more than one flow. Thread: data.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace covfefe::shape {

struct Item {
  std::uint32_t frame = 0;  // the caller's handle, not interpreted
  FlowId flow;
  std::uint32_t epoch = 0;   // of the key that sealed it
  std::uint16_t length = 0;  // UDP payload
  std::uint16_t wire = 0;    // what the uplink carries for it, headers and overhead included
};

inline constexpr std::uint32_t kNone = 0xffffffff;

struct alignas(64) Flow {
  std::uint32_t head = kNone;  // oldest datagram; only it is ever scheduled
  std::uint32_t tail = kNone;
  std::uint32_t packets = 0;
  std::uint32_t bytes = 0;     // wire bytes queued
  std::uint32_t next = kNone;  // in the ring of flows with something queued
  std::uint32_t previous = kNone;
  std::uint32_t deficit = 0;  // wire bytes that this turn may still send
  std::uint32_t payload = 0;  // UDP payload bytes queued
};
static_assert(sizeof(Flow) == 64);  // half of it is kept for the clocks of leases and guarantees

class FlowTable {
 public:
  FlowTable(std::uint32_t flows, std::uint32_t items);

  [[nodiscard]] std::uint32_t flows() const { return static_cast<std::uint32_t>(flows_.size()); }
  [[nodiscard]] Flow& operator[](std::uint32_t flow) { return flows_[flow]; }
  [[nodiscard]] const Flow& operator[](std::uint32_t flow) const { return flows_[flow]; }

  [[nodiscard]] bool full() const { return free_ == kNone; }
  void push(const Item& item);
  // Behind the flow's last; not when full().
  [[nodiscard]] const Item& front(std::uint32_t flow) const {
    return nodes_[flows_[flow].head].item;
  }
  Item pop(std::uint32_t flow);
  // The flow's oldest; the flow must have one.
  bool remove_older(FlowId flow, std::uint32_t epoch, Item& out);
  // Takes the oldest datagram whose epoch is below `epoch` out of the queue; false: there is none.

  [[nodiscard]] std::uint32_t packets() const { return packets_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // wire

 private:
  struct Node {
    Item item;
    std::uint32_t next = kNone;
  };
  void account(Flow& flow, const Item& item);
  void discount(Flow& flow, const Item& item);

  std::vector<Flow> flows_;
  std::vector<Node> nodes_;
  std::uint32_t free_ = kNone;
  std::uint32_t packets_ = 0;
  std::uint64_t bytes_ = 0;
};

class FlowRing {
 public:
  [[nodiscard]] bool empty() const { return head_ == kNone; }
  [[nodiscard]] std::uint32_t head() const { return head_; }  // whose turn it is
  void append(FlowTable& table, std::uint32_t flow);          // its turn comes last
  void remove(FlowTable& table, std::uint32_t flow);
  void rotate(FlowTable& table);  // the head's turn is over

 private:
  std::uint32_t head_ = kNone;
};
// A circle through Flow::next and Flow::previous; a flow is in at most one.

}  // namespace covfefe::shape
