// SPDX-License-Identifier: Apache-2.0
// What was sent when, over the last second. Thread: data.
#pragma once

#include <array>
#include <cstdint>

#include "base/instant.h"
#include "shape/capacity_types.h"

namespace covfefe::shape {

class CapacityLoad {
 public:
  void step(const Load& load, Instant now);

  [[nodiscard]] const Load& now() const { return load_; }
  [[nodiscard]] std::uint64_t sent_by(Instant when) const;
  // In all, to 5 ms; of instants older than what is kept: the oldest known.
  [[nodiscard]] std::uint64_t rate(Instant from, Instant to) const;  // bytes a second, from < to
  [[nodiscard]] std::uint64_t reportable_by(Instant when) const;
  [[nodiscard]] std::uint64_t reportable_rate(Instant from, Instant to) const;
  // The same without what went to strangers.
  [[nodiscard]] std::uint64_t telling_by(Instant when) const;
  // Of that, what makes reports due.
  [[nodiscard]] bool backlogged_since(Instant when) const { return backlogged_at_ >= when; }

 private:
  static constexpr std::uint32_t kMarks = 256;

  struct Mark {
    Instant at;
    std::uint64_t sent = 0;  // in all, at the last step within 5 ms from `at`
    std::uint64_t strange = 0;
    std::uint64_t mute = 0;
  };
  [[nodiscard]] const Mark& mark_of(Instant when) const;

  Load load_;
  Instant backlogged_at_{INT64_MIN};
  std::array<Mark, kMarks> marks_{};
  std::uint32_t newest_ = 0;
};

}  // namespace covfefe::shape
