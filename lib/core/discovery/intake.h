// SPDX-License-Identifier: Apache-2.0
// One friend's list on its way here, page by page (Step D10, covfefe-protocol(7)). Hostile: holds
// at most kDescriptorsMost entries, and every page brings it forward or ends it. No I/O, no clock.
#pragma once

#include <span>
#include <vector>

#include "core/discovery/path.h"
#include "wire/control.h"

namespace covfefe::core {

struct FarList {
  std::uint32_t generation = 0;  // 0: kept from before a restart
  std::uint32_t epoch = 0;
  std::vector<wire::Descriptor> entries;
};

class Intake {
 public:
  enum class Verdict : std::uint8_t {
    More,      // ask for next()
    Complete,  // take() it
    Stray,     // not what was asked for: nothing changed
    Lied,      // the list breaks a rule and was thrown away
  };

  [[nodiscard]] wire::DescriptorsGet next() const;
  // The page that is missing.
  Verdict page(const wire::Descriptors& page);
  // Whether its epoch is good the caller has checked.
  [[nodiscard]] FarList take();
  // Of a complete one; then the intake is empty.
  void reset() { *this = Intake(); }

 private:
  static constexpr unsigned kRestartsMost = 4;  // lists that changed while they were fetched

  bool append(const wire::Descriptors& page);
  Verdict lied();

  FarList list_;
  std::uint16_t total_ = 0;
  unsigned restarts_ = 0;
};

[[nodiscard]] std::vector<wire::Descriptor> without_loops(std::span<const wire::Descriptor> list,
                                                          std::span<const DisjointnessTag> never);
// The list less entries with one of these tags or with the tag of a node that they are behind, and
// less all that is behind those; parents renumbered. list: well formed (wire::follows).

}  // namespace covfefe::core
