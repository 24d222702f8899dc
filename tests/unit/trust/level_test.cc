// SPDX-License-Identifier: Apache-2.0
#include "trust/level.h"

#include <doctest/doctest.h>

namespace covfefe::trust {

TEST_CASE("levels of trust are read as they are written") {
  for (const TrustLevel level :
       {TrustLevel::None, TrustLevel::Introduced, TrustLevel::Known, TrustLevel::Met}) {
    CHECK(parse_level(name_of(level)) == level);
  }
  for (const char* other : {"", "Met", "met ", "friend", "0", "nonesuch"}) {
    CAPTURE(other);
    CHECK_FALSE(parse_level(other).has_value());
  }
}

}  // namespace covfefe::trust
