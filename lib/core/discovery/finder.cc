// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/finder.h"

#include <algorithm>
#include <map>

#include "core/discovery/discovery.h"
#include "core/discovery/tags.h"
#include "crypto/drbg.h"

namespace covfefe::core {

// ---- who has an address -------------------------------------------------------------------------

const std::vector<Finder::Match>& Finder::search(const Address& to) {
  static const std::vector<Match> kNone;
  const auto found = known_.find(to);
  const bool fresh = found != known_.end() && found->second.changes == commons_.changes;
  if (fresh) return found->second.matches;
  if (!commons_.calendar.known()) return kNone;
  if (!affordable()) {
    commons_.tally.add(Seen::LookupsLimited);
    return found != known_.end() ? found->second.matches : kNone;
  }
  if (known_.size() >= kKnownMost && found == known_.end()) known_.clear();
  Known& known = known_[to];
  known = {commons_.changes, {}};
  const std::uint32_t settled = commons_.calendar.settled_epoch(commons_.now);
  for (const std::uint32_t epoch : {settled, settled + 1, settled - 1}) {
    if (!commons_.calendar.good(epoch, commons_.now)) continue;
    known.matches = search_epoch(to, epoch);
    if (!known.matches.empty()) break;
  }
  return known.matches;
}

std::vector<Finder::Match> Finder::search_epoch(const Address& to, std::uint32_t epoch) const {
  std::vector<Match> out;
  for (const auto& n : commons_.friends) {
    const FarList* list = n ? list_of(*n, epoch) : nullptr;
    if (list == nullptr) continue;
    std::size_t of_one = 0;
    for (std::size_t i = 0; i < list->entries.size() && of_one < kMatchesOfOne; ++i) {
      const wire::Descriptor& entry = list->entries[i];
      if (all_zero(entry.service_tag)) continue;
      if (entry.service_tag != service_tag(to, epoch, entry.handle)) continue;
      out.push_back({n->link, epoch, static_cast<std::uint16_t>(i)});
      ++of_one;
    }
    if (out.size() >= kMatchesMost) break;
  }
  return out;
}

// Each search hashes all entries of all lists: what packets to made-up addresses can cost is
// bounded by the hashes of a second.
bool Finder::affordable() {
  if (hashes_until_ > commons_.now + Duration::seconds(1)) return false;
  std::size_t hashes = 1;
  for (const auto& n : commons_.friends) {
    if (!n) continue;
    for (const FarList& list : n->fetched.lists) hashes += list.entries.size();
  }
  const Duration cost{static_cast<std::int64_t>(hashes) * 1'000'000'000 / kHashesPerSecond};
  hashes_until_ = std::max(hashes_until_, commons_.now) + cost;
  return true;
}

// ---- ways there ---------------------------------------------------------------------------------

std::size_t Finder::met() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      commons_.friends,
      [](const std::unique_ptr<Introducer>& n) { return n && n->who.trust == Trust::Met; }));
}

std::size_t Finder::needed() const {
  return commons_.config.policy.min_trusted_entries;
}

std::optional<Candidate> Finder::candidate(const Match& match) const {
  const Introducer* n = commons_.at(match.link);
  const FarList* list = n == nullptr ? nullptr : list_of(*n, match.epoch);
  if (list == nullptr || match.place >= list->entries.size()) return std::nullopt;
  InlineVec<const wire::Descriptor*, wire::kDepthMost> chain;  // the far end first
  for (std::uint16_t at = match.place; at != wire::kNoParent && !chain.full();) {
    chain.push_back(&list->entries[at]);
    at = list->entries[at].parent;
  }
  Candidate out;
  out.path.entry = match.link;
  out.path.epoch = match.epoch;
  out.path.hops.push_back({onion_key(*n, match.epoch).value_or(ByteArray<32>{}),
                           {},
                           disjointness_tag(n->who.static_key, match.epoch)});
  for (std::size_t i = chain.size(); i > 0; --i) {
    const wire::Descriptor& hop = *chain[i - 1];
    out.path.hops.push_back({hop.onion_key, hop.handle, hop.tag});
  }
  out.usable = judge(out.path);
  return out;
}

Usable Finder::judge(const CircuitPath& path) const {
  const Introducer& entry = *commons_.at(path.entry);
  const auto hops = path.hops.view();
  const DisjointnessTag own = disjointness_tag(commons_.config.static_key, path.epoch);
  for (std::size_t i = 0; i < hops.size(); ++i) {
    if (hops[i].tag == own) return Usable::Loop;
    for (std::size_t j = 0; j < i; ++j) {
      if (hops[i].tag == hops[j].tag) return Usable::Loop;
    }
  }
  if (needed() != 0 && entry.who.trust < Trust::Known) return Usable::EntryTrust;
  if (!entry.up) return Usable::EntryDown;
  if (all_zero(hops[0].onion_key)) return Usable::EntryMute;
  const Failed failed = rests(path);
  if (!failed.now) return Usable::Yes;
  return failed.first ? Usable::Reserve : Usable::Resting;
}

std::vector<Candidate> Finder::candidates(const Address& to) {
  std::vector<Candidate> out;
  for (const Match& match : search(to)) {
    std::optional<Candidate> found = candidate(match);
    if (!found) continue;
    found->lot = commons_.random.next_u64();
    for (const PathHop& hop : found->path.hops.view().first(found->path.hops.size() - 1)) {
      found->doubtful += relays_.find(hop.tag, commons_.now) != nullptr ? 1 : 0;
    }
    out.push_back(*found);
  }
  dispute(out);
  rank(out);
  sort_candidates(out);
  return out;
}

// Entries in a fixed order, so that the same few friends are entries for as long as they serve.
void Finder::rank(std::vector<Candidate>& all) {
  std::vector<const Introducer*> entries;
  for (const auto& n : commons_.friends) {
    if (n) entries.push_back(n.get());
  }
  std::ranges::sort(entries, [](const Introducer* a, const Introducer* b) {
    return a->who.trust != b->who.trust ? a->who.trust > b->who.trust : a->who.id < b->who.id;
  });
  std::map<LinkSlot, std::uint32_t> ranks;
  for (const Introducer* n : entries) ranks.emplace(n->link, ranks.size());
  for (Candidate& c : all) c.entry_rank = ranks[c.path.entry];
}

void Finder::dispute(std::vector<Candidate>& all) {
  struct Said {
    LinkSlot by;
    ByteArray<32> key{};
  };
  std::map<DisjointnessTag, std::vector<Said>> said;
  for (const Candidate& c : all) {
    for (const PathHop& hop : c.path.hops) said[hop.tag].push_back({c.path.entry, hop.onion_key});
  }
  for (const auto& n : commons_.friends) {  // of its friends this node knows best
    if (!n || !n->offer || all.empty()) continue;
    const std::uint32_t epoch = all.front().path.epoch;
    const auto key = onion_key(*n, epoch);
    if (key) said[disjointness_tag(n->who.static_key, epoch)].push_back({n->link, *key});
  }
  for (Candidate& c : all) {
    if (conflicts_epoch_ != c.path.epoch) conflicts_.clear();
    conflicts_epoch_ = c.path.epoch;
    for (const PathHop& hop : c.path.hops) {
      const auto other = [&](const Said& s) {
        return s.by != c.path.entry && s.key != hop.onion_key && !all_zero(s.key);
      };
      if (std::ranges::none_of(said[hop.tag], other)) continue;
      ++c.disputed;
      if (conflicts_.size() < kKnownMost && conflicts_.insert(hop.tag).second) {
        commons_.tally.add(Seen::Conflicts);
      }
    }
  }
}

// ---- what builds taught -------------------------------------------------------------------------

Finder::Failed Finder::rests(const CircuitPath& path) const {
  Failed out{false, true};
  const auto note = [&out](const auto* rest) {
    if (rest == nullptr) return;
    out.now = true;
    out.first = out.first && rest->failures == 1;
  };
  note(entries_.find(path.entry, commons_.now));
  for (const PathHop& hop : path.hops) note(hops_.find(hop.handle, commons_.now));
  return out;
}

Duration Finder::rest_of(const CircuitPath& path) const {
  Instant until = commons_.now;
  if (const auto* rest = entries_.find(path.entry, commons_.now)) until = rest->until;
  for (const PathHop& hop : path.hops) {
    const auto* rest = hops_.find(hop.handle, commons_.now);
    if (rest != nullptr) until = std::max(until, rest->until);
  }
  return until - commons_.now;
}

void Finder::failed(const CircuitPath& path, std::size_t hop) {
  if (hop >= path.hops.size()) return;
  commons_.tally.add(Seen::HopsFailed);
  if (hop == 0) return entries_.failed(path.entry, commons_.now);
  hops_.failed(path.hops[hop].handle, commons_.now);
  // Other ways to the same relay are tried after ways without it; the far end has no substitute.
  if (hop + 1 < path.hops.size()) relays_.failed(path.hops[hop].tag, commons_.now);
}

void Finder::worked(const CircuitPath& path) {
  entries_.worked(path.entry);
  for (const PathHop& hop : path.hops) {
    hops_.worked(hop.handle);
    relays_.worked(hop.tag);
  }
}

}  // namespace covfefe::core
