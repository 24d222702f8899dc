// SPDX-License-Identifier: Apache-2.0
#include "trust/level.h"

namespace covfefe::trust {

const char* name_of(TrustLevel level) {
  switch (level) {
    case TrustLevel::None:
      return "none";
    case TrustLevel::Introduced:
      return "introduced";
    case TrustLevel::Known:
      return "known";
    case TrustLevel::Met:
      return "met";
  }
  return "none";
}

std::optional<TrustLevel> parse_level(std::string_view text) {
  for (const TrustLevel level :
       {TrustLevel::None, TrustLevel::Introduced, TrustLevel::Known, TrustLevel::Met}) {
    if (text == name_of(level)) return level;
  }
  return std::nullopt;
}

}  // namespace covfefe::trust
