// SPDX-License-Identifier: Apache-2.0
// Builds of others that want a rate kept, while this node's own shaper is asked for it (Steps Q1 to
// Q4, covfefe-protocol(7)). Thread: data.
#pragma once

#include <vector>

#include "core/build/lease_desk.h"
#include "core/build/roster.h"
#include "crypto/build.h"
#include "wire/build.h"

namespace covfefe::core {

struct BuildFrom {
  LinkSlot link;
  CircuitId circuit;  // that the neighbour receives
};

struct HopGrant {
  std::uint32_t lease = 0;  // 0: nothing is kept
  std::uint32_t rate = 0;
  Instant until{};
};

class HopLeases {
 public:
  static constexpr std::size_t kWaiting = 64;

  HopLeases(Shared& shared, Roster& roster, LeaseDesk& desk)
      : shared_(shared), roster_(roster), desk_(desk) {}

  struct Build {
    BuildFrom from;
    crypto::HopBuild hop;
    wire::BuildRecord record;
    std::optional<LinkSlot> to;  // of a relay
  };
  [[nodiscard]] bool full() const { return waiting_.size() >= kWaiting; }
  void ask(Build build);
  // Not when full.

  struct Settled {
    Build build;
    HopGrant grant;
    std::uint32_t best = 0;  // that would have been kept, of the ladder
    bool refused = false;    // the record takes no less than what there is not
  };
  [[nodiscard]] std::optional<Settled> reply(const ShaperReply& reply);
  // Nothing: not one that was asked here, or it is asked for less now.
  [[nodiscard]] std::optional<Settled> expired();
  // One that got no answer in time.
  void forget(LinkSlot link);
  // It is gone, or its router restarted: what waits from it or is to go on to it is dropped.
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    RequestId request;
    Build build;
    std::uint32_t rate = 0;  // asked for
    bool again = false;
    Instant give_up{};
  };
  void send(Waiting& one);
  [[nodiscard]] static Settled without(Build build, std::uint32_t best);

  Shared& shared_;
  Roster& roster_;
  LeaseDesk& desk_;
  std::vector<Waiting> waiting_;  // oldest first
};

}  // namespace covfefe::core
