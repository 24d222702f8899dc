// SPDX-License-Identifier: Apache-2.0
#include "core/stream/leg_choice.h"

#include <algorithm>

namespace covfefe::core {

namespace {

constexpr double kMoreLoss = 0.01;
constexpr Duration kAvoid = Duration::hours(1);  // later than anything that is not avoided

Duration round_trip(const LegView& leg) {
  const Duration rtt = leg.meter->rtt();
  return rtt.nanoseconds == 0 ? LegMeter::kUnmeasured : rtt;
}

bool sooner(const LegView& a, const LegView& b) {
  if (a.meter->suspect() != b.meter->suspect()) return b.meter->suspect();
  return round_trip(a) < round_trip(b);
}

const LegView* best(std::span<const LegView> legs, CircuitId but) {
  const LegView* found = nullptr;
  for (const LegView& leg : legs) {
    if (leg.leg == but) continue;
    if (found == nullptr || sooner(leg, *found)) found = &leg;
  }
  return found;
}

}  // namespace

LegChoice::Picked LegChoice::pick(const Wanted& wanted, std::span<const LegView> legs) {
  Picked out;
  if (wanted.traffic == TrafficClass::Bulk) {
    const CircuitId one = bulk(wanted.bytes, legs);
    if (one.value != 0) out.push_back(one);
    return out;
  }
  if (legs.empty()) return out;
  if (wanted.traffic != TrafficClass::Realtime) {
    out.push_back(interactive(legs));
    return out;
  }
  out.push_back(realtime(legs));
  const CircuitId second = other(out[0], legs);
  if (second.value != 0) out.push_back(second);
  return out;
}

CircuitId LegChoice::other(CircuitId leg, std::span<const LegView> legs) {
  const LegView* found = best(legs, leg);
  return found == nullptr ? CircuitId{} : found->leg;
}

// Step Q9, covfefe-protocol(7).
CircuitId LegChoice::realtime(std::span<const LegView> legs) {
  const LegView* found = nullptr;
  for (const LegView& leg : legs) {
    if (!leg.leased || leg.meter->suspect()) continue;
    if (found == nullptr || sooner(leg, *found)) found = &leg;
  }
  return found != nullptr ? found->leg : best(legs, {})->leg;
}

CircuitId LegChoice::interactive(std::span<const LegView> legs) {
  const LegView* first = best(legs, {});
  for (const LegView& leg : legs) {
    if (leg.leg != favourite_ || leg.meter->suspect()) continue;
    // Each change may let cells overtake each other: not for a little.
    const bool worth_it = round_trip(*first) < round_trip(leg) * 4 / 5;
    if (!worth_it) first = &leg;
  }
  favourite_ = first->leg;
  return favourite_;
}

CircuitId LegChoice::bulk(std::size_t bytes, std::span<const LegView> legs) {
  double least_loss = 1;
  for (const LegView& leg : legs) {
    if (!leg.full) least_loss = std::min(least_loss, leg.meter->steady_loss());
  }
  const LegView* found = nullptr;
  Duration least{};
  for (const LegView& leg : legs) {
    if (leg.full) continue;
    // What congestion control takes for congestion costs more than another leg can bring.
    const bool lossy = leg.meter->steady_loss() > least_loss * 2 + kMoreLoss;
    const bool avoid = leg.meter->suspect() || lossy;
    const Duration arrival = leg.meter->arrival(bytes) + (avoid ? kAvoid : Duration{});
    if (found != nullptr && arrival >= least) continue;
    found = &leg;
    least = arrival;
  }
  return found == nullptr ? CircuitId{} : found->leg;
}

}  // namespace covfefe::core
