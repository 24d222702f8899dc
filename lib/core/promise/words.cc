// SPDX-License-Identifier: Apache-2.0
#include "core/promise/words.h"

#include <array>
#include <cstdio>

namespace covfefe::core {

using wire::NakReason;

std::string in_words(Duration time) {
  struct Unit {
    std::int64_t seconds;
    const char* name;
  };
  constexpr std::array<Unit, 4> kUnits = {{{86'400, " d"}, {3'600, " h"}, {60, " min"}, {1, " s"}}};
  std::int64_t left = time.nanoseconds / 1'000'000'000;
  std::string out;
  int named = 0;
  for (const Unit& unit : kUnits) {
    if (left < unit.seconds) {
      if (named == 1) break;  // "1 d 5 min" says more than is known
      continue;
    }
    out += (named == 0 ? "" : " ") + std::to_string(left / unit.seconds) + unit.name;
    left %= unit.seconds;
    if (++named == 2) break;
  }
  return named == 0 ? "0 s" : out;
}

std::string rate_in_words(std::uint32_t bytes_per_second) {
  const double rate = bytes_per_second;
  std::array<char, 32> out{};
  if (bytes_per_second < 1'024) {
    std::snprintf(out.data(), out.size(), "%.0f B/s", rate);
  } else if (bytes_per_second < 1'048'576) {
    std::snprintf(out.data(), out.size(), "%.4g KiB/s", rate / 1'024);
  } else {
    std::snprintf(out.data(), out.size(), "%.4g MiB/s", rate / 1'048'576);
  }
  return out.data();
}

Refused by_friend(NakReason reason, const std::string& petname) {
  switch (reason) {
    case NakReason::NoCapacity:
      return {petname + "'s uplink has promised all that it may.", "Ask for less, or later."};
    case NakReason::Quota:
      return {petname + " keeps no more than this share of its uplink for this node.",
              "Ask for less, or release another promise of " + petname + "."};
    case NakReason::BadRequest:
      return {petname + " says that there is no such rate or time.", "Ask for less."};
    case NakReason::NoLink:
      return {petname + " says that this node is no friend of its own.",
              "Run covfefe why " + petname + "."};
    case NakReason::NotYours:
      return {petname + " knows of no such promise.", "Reserve anew."};
    case NakReason::Policy:
      return {petname + " lends nothing to this node.", "Ask the person."};
    case NakReason::Unavailable:
      return {petname + " cannot decide now: its shaper does not answer.",
              "Try again in a minute."};
    case NakReason::Capacity:
      return {petname + " took it back.", "Reserve less, or wait until its uplink is faster."};
    case NakReason::TooMany:
      return {petname + " keeps as many promises for this node as it does for anybody.",
              "Release one of them."};
  }
  return {petname + " refuses.", "Ask for less, or later."};
}

Refused by_own(LeaseRefusal why) {
  switch (why) {
    case LeaseRefusal::NoCapacity:
      return {"This node's own uplink has promised all that it may.",
              "Ask for less, or see covfefe shaper for what is promised."};
    case LeaseRefusal::Quota:
      return {"This node's quota is used up.", "See covfefe shaper for what is promised."};
    case LeaseRefusal::BadRequest:
      return {"This node's shaper keeps no such rate or time.",
              "Ask for a rate below 1 GiB/s and a time within a day."};
    case LeaseRefusal::NoLink:
      return {"This node's shaper does not know the link yet.", "Try again in a second."};
    case LeaseRefusal::NotYours:
      return {"This node's shaper holds no such lease any more.", "Reserve anew."};
    case LeaseRefusal::Policy:
      return {"The configuration gives nothing to it.", "See shaping in covfefenet.yaml(5)."};
    case LeaseRefusal::Unavailable:
      return {"This node's shaper does not answer.", "Run covfefe status: is the shaper up?"};
    case LeaseRefusal::Capacity:
      return {"This node's uplink carries less than it did.", "Ask for less."};
  }
  return {"This node's shaper refuses.", "See covfefe shaper."};
}

}  // namespace covfefe::core
