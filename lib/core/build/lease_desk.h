// SPDX-License-Identifier: Apache-2.0
// What circuits ask of this node's own shaper (Steps Q2 and Q5, covfefe-protocol(7)): questions
// that are waited for, grants that come when nobody waits any more, and releases until they are
// confirmed. Bounded, whatever friends build. Thread: data.
#pragma once

#include <deque>
#include <optional>

#include "core/circuit/shared.h"

namespace covfefe::core {

class LeaseDesk {
 public:
  static constexpr std::size_t kMost = 512;                     // asked, and released
  static constexpr Duration kPatience = Duration::millis(500);  // for an answer
  static constexpr Duration kLate = Duration::seconds(30);      // a grant is taken note of so long
  static constexpr Duration kAgain = Duration::seconds(1);      // a release is repeated
  static constexpr std::uint8_t kReleases = 5;                  // so often

  explicit LeaseDesk(Shared& shared) : shared_(shared) {}

  void begin(Effects& effects) { effects_ = &effects; }
  void end() { effects_ = nullptr; }
  // Between the two, effects are borrowed.

  [[nodiscard]] RequestId take(const LeaseTerms& terms);
  // Ended by came() or by forget(), whichever the caller sees first.
  void forget(RequestId request);
  // Nobody waits for it: what it may still grant is released.
  void release(FriendId principal, std::uint32_t lease);

  enum class Came : std::uint8_t { NotOurs, Waited, Late };
  [[nodiscard]] Came came(const ShaperReply& reply);
  // Waited: it is the caller's matter now.

  void expire();
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] std::size_t asked() const { return asked_.size(); }
  [[nodiscard]] std::size_t releasing() const { return releases_.size(); }

 private:
  struct Asked {
    RequestId request;
    FriendId principal;
    bool waited = true;
    Instant forget_at{};
  };
  struct Release {
    RequestId request;
    FriendId principal;
    std::uint32_t lease = 0;
    std::uint8_t tries = 0;
    Instant again_at{};
  };
  void send(Release& release);

  Shared& shared_;
  Effects* effects_ = nullptr;
  std::deque<Asked> asked_;       // oldest first
  std::deque<Release> releases_;  // soonest first
};

}  // namespace covfefe::core
