// SPDX-License-Identifier: Apache-2.0
// What the operator is told of ways to a node.
#include <algorithm>

#include "base/hex.h"
#include "core/discovery/parts.h"

namespace covfefe::core {
namespace {

constexpr std::size_t kOptionsMost = 32;

std::string seconds(Duration time) {
  return std::to_string((time.nanoseconds + 999'999'999) / 1'000'000'000) + " s";
}

std::vector<std::string> name_hops(const CircuitPath& path, const std::string& entry) {
  std::vector<std::string> out{entry};
  for (std::size_t i = 1; i < path.hops.size(); ++i) {
    out.push_back(to_hex(path.hops[i].handle));
  }
  return out;
}

std::string why_unusable(Usable usable, const std::string& entry, Duration rest) {
  switch (usable) {
    case Usable::Yes:
      return {};
    case Usable::Reserve:
    case Usable::Resting:
      return "it failed and rests for " + seconds(rest);
    case Usable::EntryDown:
      return "no link to " + entry;
    case Usable::EntryTrust:
      return entry + " is not trusted enough to be an entry";
    case Usable::EntryMute:
      return entry + " did not say its onion key yet";
    case Usable::Loop:
      return "it would pass a node twice";
  }
  return {};
}

bool in(const std::vector<std::size_t>& places, std::size_t place) {
  return std::ranges::find(places, place) != places.end();
}

std::string why_not_chosen(const std::vector<Candidate>& all,
                           const std::vector<std::size_t>& chosen, std::size_t place) {
  for (const std::size_t other : chosen) {
    if (disjoint(all[place].path, all[other].path)) continue;
    const bool entry = all[place].path.entry == all[other].path.entry;
    return entry ? "in reserve: enters like a better one" : "in reserve: shares a relay";
  }
  return "in reserve";
}

}  // namespace

std::optional<PathReport> Discovery::explain(const Address& to) const {
  const Parts& p = *parts_;
  if (!known(to)) return std::nullopt;
  const std::vector<Candidate> all = parts_->finder.candidates(to);
  std::vector<std::size_t> chosen;
  PathReport out;
  if (!p.finder.may_enter()) {
    out.why = why_no_entry();
  } else {
    chosen = choose(all, p.config.policy.per_destination, {});
    out.why = chosen.empty() ? "none of the ways can be used now"
                             : "the best that share neither entry nor relay";
  }
  for (std::size_t i = 0; i < all.size() && out.options.size() < kOptionsMost; ++i) {
    const std::string& entry = p.commons.at(all[i].path.entry)->who.petname;
    PathReport::Option option{name_hops(all[i].path, entry), in(chosen, i), {}};
    option.why = why_unusable(all[i].usable, entry, p.finder.rest_of(all[i].path));
    if (option.chosen) {
      option.why = "chosen";
    } else if (!p.finder.may_enter()) {
      option.why = "third parties are not reached";
    } else if (option.why.empty()) {
      option.why = why_not_chosen(all, chosen, i);
    }
    if (all[i].disputed != 0) option.why += "; introducers give different keys for it";
    out.options.push_back(std::move(option));
  }
  return out;
}

std::string Discovery::why_no_entry() const {
  const Finder& finder = parts_->finder;
  return std::to_string(finder.met()) + " friends of trust met, " +
         std::to_string(finder.needed()) + " are needed to reach third parties";
}

void Discovery::explain(const Address& to, std::vector<Finding>& out) const {
  const Parts& p = *parts_;
  if (!p.commons.calendar.known()) {
    out.push_back({false, "the time of day is not known yet", "wait a few seconds"});
    return;
  }
  out.push_back({p.finder.may_enter(), why_no_entry(),
                 p.finder.may_enter() ? ""
                                      : "meet a friend, then: covfefe friend set NAME --trust met; "
                                        "or lower min_trusted_entries"});
  explain_introducers(to, out);
  if (!p.finder.may_enter() || !known(to)) return;
  const std::size_t ways = paths(to, p.config.policy.per_destination, {}).size();
  const std::size_t wanted = p.config.policy.per_destination;
  const std::string found = std::to_string(ways) + " ways that share neither entry nor relay, " +
                            std::to_string(wanted) + " are wanted";
  out.push_back({ways != 0, found, ways >= wanted ? "" : "covfefe path shows what is in the way"});
}

void Discovery::explain_introducers(const Address& to, std::vector<Finding>& out) const {
  const Parts& p = *parts_;
  std::string names;
  std::vector<LinkSlot> seen;
  for (const Candidate& c : parts_->finder.candidates(to)) {
    if (std::ranges::find(seen, c.path.entry) != seen.end()) continue;
    seen.push_back(c.path.entry);
    const Introducer& n = *p.commons.at(c.path.entry);
    names += (names.empty() ? "" : ", ") + n.who.petname + (n.up ? "" : " (no link)");
  }
  if (!names.empty()) {
    out.push_back({true, "it can be reached through " + names, {}});
    return;
  }
  out.push_back({false, "no friend serves this address",
                 "a friend of both must be shown it, and show it: covfefe friend set NAME "
                 "--visibility reachable, at both ends"});
}

}  // namespace covfefe::core
