// SPDX-License-Identifier: Apache-2.0
// What discovery counts. Thread: data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace covfefe::core {

enum class Seen : std::uint8_t {
  OffersSent,
  OffersReceived,
  ListsMade,  // lists for friends that became other lists
  PagesServed,
  PagesLimited,  // asked for more often than is served
  PagesReceived,
  PagesStray,  // of no list that is being fetched, or out of order
  ListsFetched,
  ListsLied,        // broke a rule and were thrown away
  ListsEpoch,       // of an epoch that is over or far ahead
  ListsUnanswered,  // a friend that was asked for a page did not answer in time
  EntriesLooped,    // would have led through this node or through a node twice
  ChangesLimited,   // announced more often than is heeded at once
  Remembered,       // lists that came back from the database
  RememberedBad,
  NamesAsked,  // by friends
  NamesLimited,
  NamesStray,      // answers that nobody waits for
  Conflicts,       // a tag with different onion keys from two introducers, each once an epoch
  LookupsLimited,  // searches for an address that were put off
  HopsFailed,
  KeysRefused,  // onion keys that the keystore did not tell
  kEnd
};

class DiscoveryTally {
 public:
  void add(Seen what, std::uint64_t n = 1) { values_[static_cast<std::size_t>(what)] += n; }
  [[nodiscard]] std::uint64_t of(Seen what) const {
    return values_[static_cast<std::size_t>(what)];
  }
  static constexpr std::size_t kCount = static_cast<std::size_t>(Seen::kEnd);

 private:
  std::array<std::uint64_t, kCount> values_{};
};

[[nodiscard]] const char* name_of(Seen what);
// "discovery.offers_sent" …

}  // namespace covfefe::core
