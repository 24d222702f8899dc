// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/attempts.h"

namespace covfefe::core {

std::optional<Attempt> Attempts::take(BuildId build) {
  const auto found = all_.find(build);
  if (found == all_.end()) return std::nullopt;
  Attempt out = std::move(found->second);
  all_.erase(found);
  return out;
}

}  // namespace covfefe::core
