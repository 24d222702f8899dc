// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/compose.h"

#include <algorithm>
#include <set>

namespace covfefe::core {
namespace {

class Composer {
 public:
  Composer(std::span<const Branch> branches, std::span<const DisjointnessTag> never)
      : branches_(branches), never_(never), places_(branches.size()) {}

  std::vector<wire::Descriptor> run() {
    for (std::size_t b = 0; b < branches_.size(); ++b) add_root(b);
    for (std::uint8_t depth = 1; depth < wire::kDepthMost; ++depth) add_depth(depth);
    return std::move(out_);
  }

 private:
  struct Place {
    std::uint16_t root = wire::kNoParent;  // in out_
    std::vector<std::uint16_t> below;      // of each entry in out_
    std::size_t cursor = 0;
  };

  [[nodiscard]] bool full() const { return out_.size() == wire::kDescriptorsMost; }

  bool push(const wire::Descriptor& entry) {
    if (full() || std::ranges::find(never_, entry.tag) != never_.end()) return false;
    for (std::uint16_t at = entry.parent; at != wire::kNoParent; at = out_[at].parent) {
      if (out_[at].tag == entry.tag) return false;
    }
    // Two friends that serve one handle would make the whole list a lie of ours.
    if (!handles_.insert(entry.handle).second) return false;
    out_.push_back(entry);
    return true;
  }

  void add_root(std::size_t b) {
    const auto here = static_cast<std::uint16_t>(out_.size());
    if (!push(branches_[b].root)) return;
    places_[b].root = here;
    places_[b].below.assign(branches_[b].below.size(), wire::kNoParent);
  }

  void add_depth(std::uint8_t depth) {
    for (Place& place : places_) place.cursor = 0;
    for (bool any = true; any && !full();) {
      any = false;
      for (std::size_t b = 0; b < branches_.size(); ++b) any = add_next(b, depth) || any;
    }
  }

  // The branch's next entry of this depth that can be had.
  bool add_next(std::size_t b, std::uint8_t depth) {
    Place& place = places_[b];
    const auto below = branches_[b].below;
    if (place.root == wire::kNoParent) return false;
    for (; place.cursor < below.size(); ++place.cursor) {
      wire::Descriptor entry = below[place.cursor];
      if (entry.depth != depth) continue;
      const bool direct = entry.parent == wire::kNoParent;
      entry.parent = direct ? place.root : place.below[entry.parent];
      if (entry.parent == wire::kNoParent) continue;
      ++entry.depth;
      const auto here = static_cast<std::uint16_t>(out_.size());
      if (!push(entry)) continue;
      place.below[place.cursor++] = here;
      return true;
    }
    return false;
  }

  std::span<const Branch> branches_;
  std::span<const DisjointnessTag> never_;
  std::vector<Place> places_;
  std::vector<wire::Descriptor> out_;
  std::set<wire::Handle> handles_;
};

}  // namespace

std::vector<wire::Descriptor> compose(std::span<const Branch> branches,
                                      std::span<const DisjointnessTag> never) {
  return Composer(branches, never).run();
}

}  // namespace covfefe::core
