// SPDX-License-Identifier: Apache-2.0
// What a hop grants and what an origin takes (Step B16, covfefe-protocol(7)). Pure. Thread: data.
#pragma once

#include "base/instant.h"
#include "wire/build.h"

namespace covfefe::core {

[[nodiscard]] bool reserves(const wire::BuildRecord& asked);
// It wants a rate kept.
[[nodiscard]] wire::BuildReply refusal(wire::BuildStatus why, std::uint32_t best = 0);
// best: of NoCapacity, a rate of the ladder.
struct Kept {
  std::uint32_t rate = 0;    // wire bytes a second, of the ladder
  std::uint32_t number = 0;  // of the lease, as the origin is told; 0 exactly when rate is
};
[[nodiscard]] wire::BuildReply offer(const wire::BuildRecord& asked, const Kept& kept);
// What is kept was compared with what is accepted (Step Q3).

[[nodiscard]] bool fair(const wire::BuildRecord& asked, const wire::BuildReply& granted);
// A reply that says Granted grants no more than was asked, less only where less is accepted, and
// as long as was asked.

[[nodiscard]] Duration lifetime_of(const wire::BuildRecord& asked);

}  // namespace covfefe::core
