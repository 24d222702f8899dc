// SPDX-License-Identifier: Apache-2.0
// Decides which datagram leaves next and when. Every queue is first in, first out; only its head is
// scheduled; the decision is made at dequeue. Order of service: control (lane 0), then all other
// flows by fair turns (deficit round robin in wire bytes); under all of it the root clock.
// Work per datagram is constant, whatever the number of flows. Pure: integers, no clock, no I/O.
// Thread: data.
#pragma once

#include <cstdint>
#include <span>

#include "base/flow_class.h"
#include "base/instant.h"
#include "shape/flow_table.h"
#include "shape/root_clock.h"

namespace covfefe::shape {

inline constexpr std::uint32_t kLongestWire = 2'304;
// Datagram of 1,984 B, IPv6 and UDP headers, link overhead up to 256; a turn is never shorter.
inline constexpr std::uint32_t kLongestTurn = 65'536;

[[nodiscard]] constexpr bool is_control(FlowId flow) {
  return flow.value % kFlowsPerLink == 0;
}

struct Limits {
  std::uint32_t flows = 32'776;           // flow ids are below this
  std::uint32_t items = 4'096;            // datagrams queued in all
  std::uint32_t flow_bytes = 4'000'000;   // wire bytes queued per flow
  std::uint64_t total_bytes = 8'000'000;  // wire bytes queued in all
};

enum class Admission : std::uint8_t {
  Queued,
  FlowFull,  // the flow's own limit
  Full,      // the limit of all flows together
};

class Scheduler {
 public:
  explicit Scheduler(const Limits& limits);
  // Allocates everything: 64 B per flow, 24 B per item.

  void set_rate(std::uint64_t bytes_per_second);  // wire; 0 = unlimited

  [[nodiscard]] Admission enqueue(const Item& item, Instant now);
  // item.flow is below limits.flows, item.wire 1..kLongestWire.

  [[nodiscard]] std::size_t dequeue(Instant now, std::span<Item> out);
  // What leaves now, in order. Fewer than out.size(): the rest waits for next_deadline().

  [[nodiscard]] Instant next_deadline() const;
  // From when on dequeue() gives something; never() when nothing is queued.

  [[nodiscard]] std::size_t cancel(FlowId flow, std::uint32_t epoch, std::span<Item> out);
  // Removes what the flow has queued under an older epoch, at most out.size() of it: call again
  // while it fills `out`.

  void clear();
  // Forgets every queued datagram; the root clock keeps what was sent.

  [[nodiscard]] std::uint32_t queued() const { return table_.packets(); }
  [[nodiscard]] std::uint64_t queued_bytes() const { return table_.bytes(); }
  [[nodiscard]] std::uint32_t busy_flows() const { return busy_; }
  [[nodiscard]] std::uint32_t payload_of(FlowId flow) const { return table_[flow.value].payload; }
  [[nodiscard]] const RootClock& clock() const { return clock_; }

 private:
  struct Class {
    FlowRing ring;
    bool fresh = true;  // the head's turn has not begun
  };

  [[nodiscard]] Class& class_of(FlowId flow) { return is_control(flow) ? control_ : data_; }
  [[nodiscard]] Item take_from(Class& from);
  void leave(FlowId flow);

  Limits limits_;
  FlowTable table_;
  RootClock clock_;
  Class control_;
  Class data_;
  std::uint32_t turn_ = kLongestTurn;  // wire bytes per flow and turn
  std::uint32_t busy_ = 0;
};

}  // namespace covfefe::shape
