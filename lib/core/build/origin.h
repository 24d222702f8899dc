// SPDX-License-Identifier: Apache-2.0
// Builds of this node's own (Steps B10 and B11, covfefe-protocol(7)): what is under way, how long
// it is waited for, and how an answer is read. Thread: data.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/build/builds.h"
#include "core/build/patience.h"
#include "core/build/roster.h"
#include "crypto/build.h"

namespace covfefe::core {

class OwnBuilds {
 public:
  static constexpr std::size_t kMost = 64;

  OwnBuilds(Shared& shared, Roster& roster, BuildEvents& events)
      : shared_(shared), roster_(roster), events_(events) {}

  [[nodiscard]] std::optional<BuildId> start(const CircuitPath& path, const BuildTerms& terms,
                                             ByteView payload);
  void abandon(BuildId build);
  [[nodiscard]] bool under_way(CircuitId circuit) const;
  [[nodiscard]] std::size_t size() const { return runs_.size(); }

  void answered(Circuit& circuit, const wire::BuiltFrame& built);
  void failed(Circuit& circuit, BuildFault fault);
  // Timeout or Destroyed: the circuit goes and the build has failed. For both the circuit's build
  // is under way.

 private:
  struct Run {
    BuildId id;
    CircuitId circuit;
    crypto::OriginBuild build;
    InlineVec<wire::BuildRecord, wire::kSlots> asked;
    Instant started;
  };
  struct Reading {
    std::optional<BuildFailure> failure;
    InlineVec<wire::BuildReply, wire::kSlots> replies;
  };
  [[nodiscard]] static Reading read(const Run& run, const crypto::OriginBuild::Opened& opened);
  [[nodiscard]] InlineVec<wire::BuildRecord, wire::kSlots> records(const CircuitPath& path,
                                                                   const BuildTerms& terms,
                                                                   WallTime wall);
  [[nodiscard]] std::unique_ptr<Run> take(CircuitId circuit);
  void fail(Circuit& circuit, const Run& run, const BuildFailure& failure);

  Shared& shared_;
  Roster& roster_;
  BuildEvents& events_;
  Patience patience_;
  std::vector<std::unique_ptr<Run>> runs_;
  std::uint64_t last_id_ = 0;
};

}  // namespace covfefe::core
