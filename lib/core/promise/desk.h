// SPDX-License-Identifier: Apache-2.0
// The promises' questions to the shaper's ledger: each is answered once, or given up by who asked.
// A lease that is granted too late is released, and a release is repeated until it is answered.
// Bounded. Thread: data.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "core/cell_io.h"

namespace covfefe::core {

class LedgerDesk {
 public:
  static constexpr Duration kPatience = Duration::seconds(2);    // then there is no answer
  static constexpr Duration kForgotten = Duration::seconds(60);  // no answer comes any more
  static constexpr std::size_t kReleasesMost = 8'192;

  struct Asker {
    LinkSlot link;
    FriendId principal;
  };
  explicit LedgerDesk(CellSink& sink) : sink_(sink) {}

  void begin(Instant now, Effects& effects) {
    now_ = now;
    effects_ = &effects;
  }
  [[nodiscard]] RequestId take(const Asker& asker, const LeaseTerms& terms);
  [[nodiscard]] RequestId extend(const Asker& asker, std::uint32_t lease, Duration by);
  void release(FriendId principal, const LeaseGrant& grant);
  // lease 0: does nothing.
  void given_up(RequestId request);
  // Its asker does not wait any more: what is granted all the same is released.

  struct Reply {
    enum class For : std::uint8_t { Nobody, Asker, Done } whose = For::Nobody;
    Asker asker{};  // For::Asker
  };
  [[nodiscard]] Reply answered(const ShaperReply& reply);
  // Nobody: not asked here. Done: nothing is left to do.

  void timer();
  [[nodiscard]] Instant next_deadline() const { return due_; }

 private:
  struct Errand {
    Asker asker;
    Instant asked{};
    enum class Is : std::uint8_t { Awaited, GivenUp } is = Is::Awaited;
  };
  struct Release {
    FriendId principal;
    LeaseGrant grant;
    RequestId request;
    Instant due{};
  };
  void post(Release& release);
  RequestId ask(const Asker& asker, decltype(ShaperRequest::what) what);

  CellSink& sink_;
  std::unordered_map<std::uint64_t, Errand> errands_;
  std::vector<Release> releases_;
  Instant due_ = Instant::never();
  Instant now_{};
  Effects* effects_ = nullptr;
};

}  // namespace covfefe::core
