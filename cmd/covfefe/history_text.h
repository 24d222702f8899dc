// SPDX-License-Identifier: Apache-2.0
// What peerdb remembers of promises and of the uplink, as a person and as a program read it.
#pragma once

#include <string>
#include <vector>

#include "base/promises.h"
#include "base/records.h"
#include "json.h"

namespace covfefe::cli {

inline constexpr std::uint32_t kShownHours = 24;

[[nodiscard]] std::string tallies_text(const std::vector<PromiseTally>& of_one_friend);
// "3 of 4 reservations, 1 of 1 departure": what it kept of each kind; "none has ended yet".
[[nodiscard]] Json tallies_json(const std::vector<PromiseTally>& of_one_friend);

[[nodiscard]] std::string hours_text(const std::vector<CapacityRecord>& hours);
// One or two lines of 80 columns, beginning with "history".
[[nodiscard]] Json hours_json(const std::vector<CapacityRecord>& hours);

}  // namespace covfefe::cli
