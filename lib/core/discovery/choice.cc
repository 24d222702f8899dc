// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/choice.h"

#include <algorithm>
#include <tuple>

namespace covfefe::core {
namespace {

constexpr std::size_t kEffort = 20'000;  // pairs compared in one search

std::span<const PathHop> relays(const CircuitPath& path) {
  return path.hops.view().first(path.hops.empty() ? 0 : path.hops.size() - 1);
}

bool passes(const CircuitPath& path, const DisjointnessTag& tag) {
  return std::ranges::any_of(relays(path), [&](const PathHop& hop) { return hop.tag == tag; });
}

// Sets of a given size out of the usable ones, in order: the first that fits is the best.
class Search {
 public:
  Search(std::span<const Candidate> all, std::vector<std::size_t> usable, std::size_t effort)
      : all_(all), usable_(std::move(usable)), effort_(effort) {}

  bool find(std::size_t wanted) { return wanted == 0 || extend(0, wanted); }
  [[nodiscard]] const std::vector<std::size_t>& found() const { return chosen_; }

 private:
  bool extend(std::size_t from, std::size_t wanted) {
    for (std::size_t i = from; i < usable_.size(); ++i) {
      if (effort_ == 0 || usable_.size() - i < wanted) return false;
      if (!fits(usable_[i])) continue;
      chosen_.push_back(usable_[i]);
      if (wanted == 1 || extend(i + 1, wanted - 1)) return true;
      chosen_.pop_back();
    }
    return false;
  }

  bool fits(std::size_t candidate) {
    for (const std::size_t other : chosen_) {
      if (effort_ != 0) --effort_;
      if (!disjoint(all_[candidate].path, all_[other].path)) return false;
    }
    return true;
  }

  std::span<const Candidate> all_;
  std::vector<std::size_t> usable_;
  std::vector<std::size_t> chosen_;
  std::size_t effort_;
};

bool free_of(const CircuitPath& path, const Taken& taken) {
  if (std::ranges::find(taken.entries, path.entry) != taken.entries.end()) return false;
  return std::ranges::none_of(taken.relays,
                              [&](const DisjointnessTag& tag) { return passes(path, tag); });
}

std::vector<std::size_t> places(std::span<const Candidate> all, Usable which, const Taken& taken) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].usable == which && free_of(all[i].path, taken)) out.push_back(i);
  }
  return out;
}

}  // namespace

bool disjoint(const CircuitPath& a, const CircuitPath& b) {
  if (a.entry == b.entry) return false;
  return std::ranges::none_of(relays(a), [&](const PathHop& hop) { return passes(b, hop.tag); });
}

void sort_candidates(std::vector<Candidate>& all) {
  const auto key = [](const Candidate& c) {
    return std::tuple(c.usable, c.disputed, c.doubtful, c.entry_rank, c.path.hops.size(), c.lot);
  };
  std::ranges::sort(all, {}, key);
  const auto needless = [&](const Candidate& c) {
    for (const Candidate& better : all) {
      if (&better == &c) return false;
      if (better.usable != c.usable || better.path.entry != c.path.entry) continue;
      const auto shared = [&](const PathHop& hop) { return passes(c.path, hop.tag); };
      if (std::ranges::all_of(relays(better.path), shared)) return true;
    }
    return false;
  };
  std::vector<Candidate> last;
  std::vector<Candidate> first;
  for (const Candidate& c : all) (needless(c) ? last : first).push_back(c);
  first.insert(first.end(), last.begin(), last.end());
  all = std::move(first);
}

std::vector<std::size_t> choose(std::span<const Candidate> sorted, std::size_t most,
                                const Taken& taken) {
  for (const Usable which : {Usable::Yes, Usable::Reserve}) {
    const auto usable = places(sorted, which, taken);
    if (usable.empty()) continue;
    for (std::size_t wanted = std::min<std::size_t>(most, 4); wanted > 0; --wanted) {
      // A pair is searched for to the end.
      const std::size_t effort = wanted > 2 ? kEffort : usable.size() * usable.size() + 1;
      Search search(sorted, usable, effort);
      if (search.find(wanted)) return search.found();
    }
  }
  return {};
}

}  // namespace covfefe::core
