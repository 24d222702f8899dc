// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/tally.h"

namespace covfefe::core {
namespace {

constexpr std::array<const char*, DiscoveryTally::kCount> kNames = {
    "discovery.offers_sent",     "discovery.offers_received",  "discovery.lists_made",
    "discovery.pages_served",    "discovery.pages_limited",    "discovery.pages_received",
    "discovery.pages_stray",     "discovery.lists_fetched",    "discovery.lists_lied",
    "discovery.lists_epoch",     "discovery.lists_unanswered", "discovery.entries_looped",
    "discovery.changes_limited", "discovery.remembered",       "discovery.remembered_bad",
    "discovery.names_asked",     "discovery.names_limited",    "discovery.names_stray",
    "discovery.conflicts",       "discovery.lookups_limited",  "discovery.hops_failed",
    "discovery.keys_refused"};

}  // namespace

const char* name_of(Seen what) {
  return kNames[static_cast<std::size_t>(what)];
}

}  // namespace covfefe::core
