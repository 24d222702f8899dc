// SPDX-License-Identifier: Apache-2.0
// What the idle lane of one link is doing, as far as the router knows it; the shaper makes the
// slots (A23; Steps R1 to R7, covfefe-protocol(7)). No clock.
#pragma once

#include <cstdint>

#include "core/io.h"
#include "wire/control.h"
#include "wire/link_frames.h"

namespace covfefe::core {

[[nodiscard]] constexpr Duration slot_period(IdleLane lane) {  // 0: no slots
  if (lane == IdleLane::AlwaysOn) return Duration::millis(250);
  return lane == IdleLane::Metered ? Duration::seconds(1) : Duration{};
}

[[nodiscard]] constexpr wire::IdleProfile profile_of(IdleLane lane) {
  if (lane == IdleLane::AlwaysOn) return wire::IdleProfile::AlwaysOn;
  return lane == IdleLane::Metered ? wire::IdleProfile::Metered : wire::IdleProfile::Off;
}
[[nodiscard]] constexpr IdleLane lane_of(wire::IdleProfile profile) {
  if (profile == wire::IdleProfile::AlwaysOn) return IdleLane::AlwaysOn;
  return profile == wire::IdleProfile::Metered ? IdleLane::Metered : IdleLane::Off;
}

class Slots {
 public:
  static constexpr Duration kSilentAfter = Duration::seconds(1);
  static constexpr Duration kSurelyLoud = Duration::millis(700);
  // The shaper counts from when something left, this class from when it was posted.
  static constexpr Duration kSignOfLife = Duration::seconds(4);
  static constexpr std::uint64_t kWaitingMost = 8;

  IdleLane ours = IdleLane::Off;
  IdleLane theirs = IdleLane::Off;  // as the friend's Hello says

  [[nodiscard]] bool flows() const { return ours != IdleLane::Off; }
  [[nodiscard]] bool friend_flows() const { return theirs != IdleLane::Off; }

  void loud(Instant now) { loud_ = now; }
  // Something was posted that does not wait for a slot.
  [[nodiscard]] bool silent(Instant now) const { return flows() && now - loud_ >= kSilentAfter; }
  [[nodiscard]] wire::AnswerPace pace(Instant now) const {
    const bool prompt = !flows() || now - loud_ < kSurelyLoud;
    return prompt ? wire::AnswerPace::AtOnce : wire::AnswerPace::InSlot;
  }
  // How soon what is posted with Pace::Slot will leave.
  [[nodiscard]] Duration turn(std::uint64_t waiting) const {
    const auto before = static_cast<std::int64_t>(waiting);
    return (slot_period(ours) * (before + 2) + slot_period(theirs) * 5) * 5 / 4;
  }
  // What slots add to the time until a message is acknowledged, while `waiting` wait before it; one
  // that is repeated in vain shows. On the friend's side answers to four challenges may go before.

 private:
  Instant loud_{};
};

}  // namespace covfefe::core
