// SPDX-License-Identifier: Apache-2.0
// The slots of the idle lanes: one every period for each link, on a grid of its own, each moved by
// up to 10 % of the period either way (A23). A slot in which nothing waits is not waited for.
// Thread: data.
#pragma once

#include <cstdint>

#include "shape/bucket_queue.h"
#include "shape/flow_table.h"

namespace covfefe::shape {

class IdleLanes {
 public:
  IdleLanes(FlowTable& table, BucketQueue& wheel, std::uint64_t seed)
      : table_(table), wheel_(wheel), random_(seed) {}

  [[nodiscard]] bool on(std::uint32_t link) const {
    return table_.link(link).idle_period > Duration{};
  }
  void set_period(std::uint32_t link, Duration period);  // 0 = off; the link's slot is given up
  void arm(std::uint32_t link, Instant now);             // something waits for the next slot
  void disarm(std::uint32_t link);

  void expire(std::uint32_t node, Instant now);  // the wheel gave it up
  [[nodiscard]] bool due() const { return due_ != kNone; }
  [[nodiscard]] std::uint32_t take();  // the link whose slot is due for longest
  void again(std::uint32_t link, Instant now);
  // After take(), when more waits: its next slot. One that is late is made up for, two are not.

 private:
  [[nodiscard]] static std::uint32_t node_of(std::uint32_t link) {
    return flow_of(link, FlowClass::Spare).value;
  }
  [[nodiscard]] std::uint64_t random();
  void skip_to(std::uint32_t link, Instant now);
  void place(std::uint32_t link, Instant now);

  FlowTable& table_;
  BucketQueue& wheel_;
  std::uint64_t random_;
  std::uint32_t due_ = kNone;
};

}  // namespace covfefe::shape
