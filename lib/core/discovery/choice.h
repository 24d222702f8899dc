// SPDX-License-Identifier: Apache-2.0
// Which of many ways to a node are used together (Step D11, covfefe-protocol(7)). Pure: values in,
// values out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/discovery/path.h"

namespace covfefe::core {

enum class Usable : std::uint8_t {
  Yes,
  Reserve,     // its rest is the first and short one: used when there is nothing else
  Resting,     // a build failed there not long ago
  EntryDown,   // no link to the entry friend
  EntryTrust,  // the entry friend is not trusted enough
  EntryMute,   // the entry friend did not say its onion key
  Loop,        // a tag comes twice, or it is the own one
};

struct Candidate {
  CircuitPath path;
  Usable usable = Usable::Yes;
  std::uint32_t disputed = 0;    // hops whose key another introducer gives differently
  std::uint32_t doubtful = 0;    // relays that failed elsewhere not long ago
  std::uint32_t entry_rank = 0;  // 0 is the best, one for each friend
  std::uint64_t lot = 0;         // random: decides among equals
};

struct Taken {  // what new paths may not share
  std::vector<LinkSlot> entries;
  std::vector<DisjointnessTag> relays;
};

void sort_candidates(std::vector<Candidate>& all);
// Best first: undisputed, not doubtful, the entry's rank, fewer hops, by lot. Ways that enter alike
// and pass all the relays of a better one go to the end, since they can replace it nowhere.

[[nodiscard]] std::vector<std::size_t> choose(std::span<const Candidate> sorted, std::size_t most,
                                              const Taken& taken);
// Places of at most `most` (≤ 4) candidates, best first, that share no entry and no relay with each
// other or with what is taken. A pair is found whenever there is one; three and four are looked for
// with a bounded effort. Reserves only where nothing else is.

[[nodiscard]] bool disjoint(const CircuitPath& a, const CircuitPath& b);
// Neither entry nor relay in common; the far end is no relay.

}  // namespace covfefe::core
