// SPDX-License-Identifier: Apache-2.0
#include "core/build/offers.h"

namespace covfefe::core {

namespace {

// made_at was rounded down by less than this.
constexpr std::uint32_t kRounding = 60;

// Wide, so that no lifetime that a record can name wraps round.
std::uint64_t end_of(const wire::BuildRecord& asked) {
  return std::uint64_t{asked.made_at} + asked.lifetime;
}

}  // namespace

bool reserves(const wire::BuildRecord& asked) {
  return asked.rate > 0 && asked.duration > 0;
}

wire::BuildReply refusal(wire::BuildStatus why, std::uint32_t best) {
  wire::BuildReply out;
  out.status = why;
  if (why == wire::BuildStatus::NoCapacity) out.rate = best;
  return out;
}

wire::BuildReply offer(const wire::BuildRecord& asked, const Kept& kept) {
  wire::BuildReply out;
  out.rate = kept.rate;
  out.lease = kept.number;
  out.less = reserves(asked) && kept.rate < asked.rate;
  out.until = static_cast<std::uint32_t>(end_of(asked) + kRounding);
  return out;
}

bool fair(const wire::BuildRecord& asked, const wire::BuildReply& granted) {
  const std::uint32_t most = reserves(asked) ? asked.rate : 0;
  const bool less = granted.rate < most;
  if (granted.rate > most || granted.less != less) return false;
  if (less && (!asked.accept_less || granted.rate < asked.least_rate)) return false;
  return granted.until >= end_of(asked) && granted.until <= end_of(asked) + 2 * kRounding;
}

Duration lifetime_of(const wire::BuildRecord& asked) {
  return Duration::seconds(asked.lifetime);
}

}  // namespace covfefe::core
