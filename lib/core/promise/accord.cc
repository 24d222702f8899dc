// SPDX-License-Identifier: Apache-2.0
#include "core/promise/accord.h"

namespace covfefe::core {

void Accord::measure(Party& party) {
  std::uint64_t rate = 0;
  const auto add = [&](const LeaseGrant& grant, wire::PromiseClass of) {
    if (grant.lease == 0 || of != wire::PromiseClass::Realtime || grant.until <= now) return;
    if (grant.from > now) return wake(grant.from);
    rate += grant.rate;
    wake(grant.until);
  };
  for (const Given& one : party.given) add(one.grant, one.need.promise_class);
  for (const Borrowed& one : party.taken) add(one.own, one.need.promise_class);
  if (rate != party.allowance.rate()) party.allowance.set(rate);
}

std::uint32_t whole_seconds(Duration time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  if (time.nanoseconds <= 0) return 0;
  const std::int64_t seconds = time.nanoseconds / kSecond + (time.nanoseconds % kSecond != 0);
  return static_cast<std::uint32_t>(std::min<std::int64_t>(seconds, wire::kDay));
}

FriendReport state_of(const Accord& accord, const Party& party) {
  return accord.sink.report(party.link, accord.now);
}

}  // namespace covfefe::core
