// SPDX-License-Identifier: Apache-2.0
#include "core/stream/bundle.h"

#include <algorithm>

namespace covfefe::core {

namespace {

constexpr Duration kSlack = Duration::millis(4);

Duration spread(std::span<const Duration> all) {
  const auto [least, most] = std::minmax_element(all.begin(), all.end());
  return *most - *least;
}

}  // namespace

void Bundle::set_legs(std::span<const Leg> legs) {
  for (const Leg& leg : legs) {
    Strand* strand = find(leg.id);
    if (strand == nullptr) {
      strand = strands_.emplace_back(std::make_unique<Strand>()).get();
      strand->leg = leg.id;
      strand->meter.seed(leg.rtt);
      reorder_.join(leg.id);
    }
    strand->sends = leg.sends;
    strand->leased = leg.leased;
  }
  if (strands_.size() == legs.size()) return;
  std::erase_if(strands_, [this, legs](const auto& strand) {
    const auto same = [&strand](const Leg& leg) { return leg.id == strand->leg; };
    if (std::any_of(legs.begin(), legs.end(), same)) return false;
    reorder_.leave(strand->leg);
    // What went by it may be lost with it.
    resend_.hasten(strand->leg, Instant{});
    return true;
  });
}

Strand* Bundle::find(CircuitId leg) {
  for (const auto& strand : strands_) {
    if (strand->leg == leg) return strand.get();
  }
  return nullptr;
}

const Strand* Bundle::find(CircuitId leg) const {
  return const_cast<Bundle*>(this)->find(leg);
}

InlineVec<LegView, Bundle::kLegs> Bundle::views(std::span<const CircuitId> full) const {
  InlineVec<LegView, kLegs> out;
  for (const auto& strand : strands_) {
    if (!strand->sends || out.full()) continue;
    const bool is_full = std::find(full.begin(), full.end(), strand->leg) != full.end();
    out.push_back({strand->leg, &strand->meter, is_full, strand->leased});
  }
  return out;
}

LegChoice::Picked Bundle::pick(const LegChoice::Wanted& wanted, std::span<const CircuitId> full) {
  return choice_.pick(wanted, views(full).view());
}

CircuitId Bundle::other(CircuitId leg) const {
  return LegChoice::other(leg, views({}).view());
}

void Bundle::keep(ByteView body, CircuitId leg, Instant now) {
  const Strand* strand = find(leg);
  const bool another = std::any_of(strands_.begin(), strands_.end(), [leg](const auto& other) {
    return other->sends && other->leg != leg;
  });
  if (strand == nullptr || !another) return;
  const LegMeter& meter = strand->meter;
  resend_.keep(body, {leg, meter.last_counter(), now + meter.hedge_after()});
}

void Bundle::acknowledged(const wire::InnerAck& ack, CircuitId came_by, Instant now) {
  for (const auto& strand : strands_) {
    if (!strand->meter.owns(ack.newest)) continue;
    const bool same = strand->leg == came_by;
    strand->meter.acknowledged(ack, same ? LegMeter::Came::SameLeg : LegMeter::Came::OtherLeg, now);
    resend_.acknowledged(strand->leg, ack);
    set_wait();
    return;
  }
}

// Step S8, covfefe-protocol(7). A leg that rests may still have the round trip of a full queue.
void Bundle::set_wait() {
  Duration deviation{};
  InlineVec<Duration, kLegs> smoothed;
  InlineVec<Duration, kLegs> shortest;
  for (const auto& strand : strands_) {
    if (!strand->meter.measured() || smoothed.full()) continue;
    smoothed.push_back(strand->meter.rtt());
    shortest.push_back(strand->meter.shortest());
    deviation = std::max(deviation, strand->meter.deviation());
  }
  if (smoothed.size() < 2) return reorder_.set_wait(Reorder::kMostWait);
  const Duration apart = std::max(spread(smoothed.view()), spread(shortest.view()));
  reorder_.set_wait(apart + deviation * 2 + kSlack);
}

void Bundle::tick(Instant now) {
  for (const auto& strand : strands_) {
    if (strand->meter.tick(now)) resend_.hasten(strand->leg, now);
  }
}

std::optional<Bundle::Again> Bundle::resend(Instant now) {
  while (const auto due = resend_.take(now)) {
    const CircuitId by = other(due->leg);
    if (Strand* strand = find(by)) {
      ++strand->resent;
      return Again{by, due->body};
    }
  }
  return std::nullopt;
}

CircuitId Bundle::unacknowledged(Instant now) const {
  for (const auto& strand : strands_) {
    if (strand->sends && strand->book.next_deadline() <= now) return strand->leg;
  }
  return {};
}

// Step S9, covfefe-protocol(7).
Instant Bundle::probe_at(const Strand& strand) const {
  const Instant at = wanted_probe_at(strand);
  const bool chat = !chatted_.is_never() && !strand.meter.suspect();
  const Instant loud = used_.is_never() ? Instant{} : used_ + kBusy;
  return chat && at >= loud ? Instant::never() : at;
}

Instant Bundle::wanted_probe_at(const Strand& strand) const {
  if (!strand.sends) return Instant::never();
  const Instant again = strand.tried + LegMeter::kProbeSuspect;
  if (!strand.meter.probed()) return again;
  if (strand.meter.suspect()) return std::max(again, strand.meter.probe_at(kProbeIdle));
  if (used_.is_never()) return Instant::never();
  const Instant busy = strand.meter.probe_at(kProbeBusy);
  if (busy <= used_ + kBusy) return std::max(again, busy);
  const Instant idle = std::max(again, strand.meter.probe_at(kProbeIdle));
  return idle <= used_ + kInUse ? idle : Instant::never();
}

CircuitId Bundle::unprobed(Instant now) {
  for (const auto& strand : strands_) {
    if (now < probe_at(*strand)) continue;
    strand->tried = now;
    return strand->leg;
  }
  return {};
}

Instant Bundle::next_deadline() const {
  Instant at = std::min(resend_.next_deadline(), reorder_.next_deadline());
  for (const auto& strand : strands_) {
    at = std::min({at, strand->meter.suspect_at(), probe_at(*strand)});
    if (strand->sends) at = std::min(at, strand->book.next_deadline());
  }
  return at;
}

}  // namespace covfefe::core
