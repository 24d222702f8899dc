// SPDX-License-Identifier: Apache-2.0
// What the shaper's two threads say to each other: values, through two bounded mailboxes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/flow_class.h"
#include "os/mailbox.h"
#include "shape/capacity_types.h"
#include "shape/scheduler.h"

namespace covfefe::shaper {

inline constexpr std::size_t kMailboxCapacity = 64;

struct Uplink {
  shape::CapacitySettings capacity;  // capacity.up, capacity.learn
  std::uint32_t overhead = 0;        // link.overhead, bytes per datagram below IP
};

struct LevelSetting {
  shape::Share share;
  std::uint32_t scale = 1'000;  // per mille of the reserves in it
};
struct LinkSetting {
  std::uint32_t slot = 0;
  shape::LinkPlan plan;
  shape::LinkLease lease;
};

// ---- to the data thread ------------------------------------------------------------------------

struct Changes {
  std::optional<Uplink> uplink;
  std::optional<std::uint64_t> control;  // B/s of stage 0
  std::array<std::optional<LevelSetting>, shape::kLevels> levels;
  std::vector<std::uint32_t> gone;  // slots without a friend from now on, or with another
  std::vector<LinkSetting> links;
  std::optional<std::uint64_t> promised;  // B/s: leases in force, idle floors, control
  std::optional<std::uint64_t> recalled;  // low water of an earlier run
  [[nodiscard]] bool empty() const {
    const bool some = std::any_of(levels.begin(), levels.end(),
                                  [](const auto& level) { return level.has_value(); });
    return !uplink && !control && !some && gone.empty() && links.empty() && !promised && !recalled;
  }
};
// All of it holds from the next decision on; what it does not name is not touched.

struct LinkFigures {
  std::uint32_t slot = 0;
  shape::Counters all;
  std::uint64_t spares = 0;
  std::array<std::uint64_t, kFlowClasses> sent{};  // bytes
};
struct Figures {
  Instant at;
  shape::CapacityEstimate estimate;
  std::array<shape::Counters, shape::kAccounts> accounts;
  std::vector<LinkFigures> links;  // of the slots that the question names
};
using FiguresQuery = std::unique_ptr<Figures>;
// Comes back filled in: at once, or after a few rounds of work where there are many links.

using ToData = std::variant<std::unique_ptr<const Changes>, FiguresQuery>;

// ---- to the control thread ---------------------------------------------------------------------

struct CapacityNews {
  std::uint64_t capacity = 0;   // 0 = unlimited
  std::uint64_t low_water = 0;  // 0 = unlimited
};

using ToControl = std::variant<CapacityNews, shape::MinuteSample, FiguresQuery>;

using DataMailbox = os::Mailbox<ToData>;
using ControlMailbox = os::Mailbox<ToControl>;

}  // namespace covfefe::shaper
