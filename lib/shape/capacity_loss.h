// SPDX-License-Identifier: Apache-2.0
// Loss without a queue: somebody polices the uplink. Loss that a lower rate does not cure is of
// another kind and is not answered. Thread: data.
#pragma once

#include <cstdint>

#include "base/instant.h"
#include "shape/capacity_links.h"

namespace covfefe::shape {

class CapacityLoss {
 public:
  enum class Finding : std::uint8_t { Nothing, Policed, Incurable };

  [[nodiscard]] Finding note(const LinksView& view, Instant now);
  // Takes what a view newly counted. A window ends with 150 datagrams, or a second
  // too early to say.
  [[nodiscard]] std::uint64_t goodput() const { return goodput_; }  // of the window that ended last

  void begin_hold(Instant now);
  // The rate has been lowered to the goodput. Repeated at about the same goodput, holds grow from 1
  // to 60 s, for the bucket behind it is the same.
  [[nodiscard]] bool held(Instant now) const { return now < hold_until_; }
  [[nodiscard]] Instant hold_until() const { return hold_until_; }
  void restart(Instant now);  // a new window
  [[nodiscard]] std::uint8_t limit_of_255() const;

 private:
  [[nodiscard]] Finding judge(std::uint32_t permille, Instant now);

  std::uint64_t carried_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t lossy_ = 0;
  Instant from_;
  bool lossy_before_ = false;  // the window before was, too
  std::uint64_t goodput_ = 0;
  std::uint32_t usual_ = 0;      // permille that a lower rate did not cure
  std::uint32_t when_held_ = 0;  // permille that began the present hold
  std::uint64_t held_rate_ = 0;  // goodput then
  Duration hold_ = Duration::seconds(1);
  Instant hold_until_;
  Instant proof_at_ = Instant::never();  // when a lower rate must have helped
};

}  // namespace covfefe::shape
