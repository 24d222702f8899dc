// SPDX-License-Identifier: Apache-2.0
// A shaper that is attached, has met its router and knows two friends.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <variant>

#include "shaper_calls.h"

namespace covfefe::tests {

inline const PlacedLink kBob{{7}, 1, "bob", TrustLevel::Met};
inline const PlacedLink kCarol{{9}, 2, "carol", TrustLevel::Known};

inline LeaseTerms terms(const PlacedLink& link, std::uint32_t rate, Duration lasts) {
  LeaseTerms out;
  out.principal = link.id;
  out.over.push_back(link.id);
  out.rate = rate;
  out.lasts = lasts;
  return out;
}

inline const LeaseGrant& granted(const rpc::LeaseAnswer& answer) {
  REQUIRE(std::holds_alternative<LeaseGrant>(answer));
  return std::get<LeaseGrant>(answer);
}

struct Met {
  ShaperNode node;
  ShaperCalls calls{node};
  explicit Met(const std::string& capacity, const std::string& more = {}) : node(capacity, more) {
    REQUIRE(node.attach());
    REQUIRE(calls.meet());
    calls.place({kBob, kCarol});
  }
  void settle() { (void)calls.view(); }
  // The thread that answers the view has read whatever was sent to it before.
};

}  // namespace covfefe::tests
