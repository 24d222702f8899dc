// SPDX-License-Identifier: Apache-2.0
#include "wire/promises.h"

namespace covfefe::wire {

namespace {

bool is_class(PromiseClass of) {
  return of == PromiseClass::Realtime || of == PromiseClass::Bulk;
}

bool is_packet(std::uint16_t packet) {
  return packet >= 1 && packet <= kPromisedPacketMost;
}

}  // namespace

bool is_sound(const Need& need) {
  return need.number != 0 && need.rate >= 1 && need.rate <= kPromisedRateMost &&
         is_packet(need.packet) && is_class(need.promise_class) && need.starts_in <= kDay &&
         need.lasts >= 1 && need.lasts <= kDay && need.least <= need.rate;
}

bool is_sound(const Ack& ack) {
  if (ack.number == 0 || ack.lasts > kDay || ack.starts_in > kDay) return false;
  if (ack.rate == 0) {
    return ack.packet == 0 && ack.promise_class == PromiseClass::None && ack.starts_in == 0;
  }
  return ack.rate <= kPromisedRateMost && is_packet(ack.packet) && is_class(ack.promise_class);
}

bool is_sound(const Nak& nak) {
  return nak.number != 0 && nak.reason >= NakReason::NoCapacity &&
         nak.reason <= NakReason::TooMany && nak.best_rate <= kPromisedRateMost &&
         nak.best_lasts <= kDay;
}

bool is_sound(const Extend& extend) {
  return extend.number != 0 && extend.by >= 1 && extend.by <= kDay;
}

bool is_sound(const Release& release) {
  return release.number != 0;
}

bool is_sound(const OnlineUntil& online) {
  return online.in <= kOnlineMost && online.in % 300 == 0;
}

bool is_sound(const Leaving& leaving) {
  return leaving.in <= kDay && leaving.in % (leaving.in <= 3'600 ? 60 : 300) == 0;
}

bool is_sound(const Please& please) {
  return please.number != 0 && please.by >= 60 && please.by <= kDay && please.by % 60 == 0;
}

}  // namespace covfefe::wire
