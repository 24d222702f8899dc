// SPDX-License-Identifier: Apache-2.0
#include "trust_names.h"

namespace covfefe::cli {

const char* trust_name(TrustLevel trust) {
  switch (trust) {
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

std::optional<TrustLevel> parse_trust(std::string_view text) {
  for (const TrustLevel level :
       {TrustLevel::None, TrustLevel::Introduced, TrustLevel::Known, TrustLevel::Met}) {
    if (text == trust_name(level)) return level;
  }
  return std::nullopt;
}

}  // namespace covfefe::cli
