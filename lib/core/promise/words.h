// SPDX-License-Identifier: Apache-2.0
// How times, rates and refusals are put to the operator.
#pragma once

#include <string>

#include "base/instant.h"
#include "base/leases.h"
#include "wire/promises.h"

namespace covfefe::core {

[[nodiscard]] std::string in_words(Duration time);
// "2 h 30 min", "45 s": the two largest units, "0 s" for less.
[[nodiscard]] std::string rate_in_words(std::uint32_t bytes_per_second);
// "10 KiB/s", "1.5 MiB/s", "300 B/s".

[[nodiscard]] constexpr wire::NakReason reason_of(LeaseRefusal why) {
  return static_cast<wire::NakReason>(why);
}
// The numbers are the same.

struct Refused {
  std::string why;   // one sentence
  std::string next;  // what to do about it
};
[[nodiscard]] Refused by_friend(wire::NakReason reason, const std::string& petname);
[[nodiscard]] Refused by_own(LeaseRefusal why);

}  // namespace covfefe::core
