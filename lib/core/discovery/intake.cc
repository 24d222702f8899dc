// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/intake.h"

#include <algorithm>
#include <utility>

namespace covfefe::core {

wire::DescriptorsGet Intake::next() const {
  return {list_.generation, static_cast<std::uint16_t>(list_.entries.size())};
}

Intake::Verdict Intake::page(const wire::Descriptors& page) {
  const bool continues = list_.generation != 0 && page.generation == list_.generation;
  if (!continues) {
    if (page.from != 0) return Verdict::Stray;
    if (list_.generation != 0 && ++restarts_ > kRestartsMost) return lied();
    list_ = {page.generation, page.epoch, {}};
    total_ = page.total;
  }
  if (page.from != list_.entries.size()) return Verdict::Stray;
  if (page.total != total_ || page.epoch != list_.epoch) return lied();
  if (!append(page)) return lied();
  if (list_.entries.size() < total_) return page.entries.empty() ? lied() : Verdict::More;
  return wire::all_distinct(list_.entries) ? Verdict::Complete : lied();
}

bool Intake::append(const wire::Descriptors& page) {
  if (list_.entries.size() + page.entries.size() > total_) return false;
  for (const wire::Descriptor& entry : page.entries) {
    if (entry.expiry != wire::expiry_of(list_.epoch)) return false;
    if (!wire::follows(entry, list_.entries)) return false;
    list_.entries.push_back(entry);
  }
  return true;
}

Intake::Verdict Intake::lied() {
  reset();
  return Verdict::Lied;
}

FarList Intake::take() {
  FarList out = std::move(list_);
  reset();
  return out;
}

std::vector<wire::Descriptor> without_loops(std::span<const wire::Descriptor> list,
                                            std::span<const DisjointnessTag> never) {
  std::vector<wire::Descriptor> out;
  out.reserve(list.size());
  std::vector<std::uint16_t> moved(list.size(), wire::kNoParent);  // place in out
  for (std::size_t i = 0; i < list.size(); ++i) {
    wire::Descriptor entry = list[i];
    if (entry.parent != wire::kNoParent && moved[entry.parent] == wire::kNoParent) continue;
    if (std::ranges::find(never, entry.tag) != never.end()) continue;
    if (entry.parent != wire::kNoParent) entry.parent = moved[entry.parent];
    bool loop = false;
    for (std::uint16_t at = entry.parent; at != wire::kNoParent; at = out[at].parent) {
      loop = loop || out[at].tag == entry.tag;
    }
    if (loop) continue;
    moved[i] = static_cast<std::uint16_t>(out.size());
    out.push_back(entry);
  }
  return out;
}

}  // namespace covfefe::core
