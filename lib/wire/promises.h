// SPDX-License-Identifier: Apache-2.0
// What two friends' routers promise each other (Steps P1 to P14, covfefe-protocol(7)): control
// messages of at most one S cell. Rates are bytes of payload a second, times are relative. Numbers
// are the asker's and never 0. The predicates are what makes a message acceptable at all.
#pragma once

#include <cstdint>

namespace covfefe::wire {

inline constexpr std::uint32_t kPromisedRateMost = 0x4000'0000;  // B/s
inline constexpr std::uint16_t kPromisedPacketMost = 1'232;      // UDP payload in 1,280 B of IPv6
inline constexpr std::uint32_t kDay = 86'400;                    // s
inline constexpr std::uint32_t kOnlineMost = 7 * kDay;

enum class PromiseClass : std::uint8_t { None = 0, Realtime = 1, Bulk = 2 };

struct Need {
  std::uint32_t number = 0;
  std::uint32_t rate = 0;    // 1..kPromisedRateMost
  std::uint16_t packet = 0;  // 1..kPromisedPacketMost, payload of one
  PromiseClass promise_class = PromiseClass::Realtime;
  std::uint32_t starts_in = 0;  // s, at most kDay
  std::uint32_t lasts = 0;      // s, 1..kDay
  std::uint32_t least = 0;      // at most rate; 0: no less than rate
  bool operator==(const Need&) const = default;
};
struct Ack {
  std::uint32_t number = 0;
  std::uint32_t rate = 0;  // 0: of a Please, and then packet, class and start are 0 too
  std::uint16_t packet = 0;
  PromiseClass promise_class = PromiseClass::None;
  std::uint32_t starts_in = 0;  // s, at most kDay
  std::uint32_t lasts = 0;      // s from its start, at most kDay; 0: it is over
  bool operator==(const Ack&) const = default;
};
enum class NakReason : std::uint8_t {  // the first eight as in LeaseRefusal, base/leases.h
  NoCapacity = 1,
  Quota = 2,
  BadRequest = 3,
  NoLink = 4,
  NotYours = 5,
  Policy = 6,
  Unavailable = 7,
  Capacity = 8,
  TooMany = 9,  // the asker holds all that one friend may
};
struct Nak {
  std::uint32_t number = 0;
  NakReason reason = NakReason::Unavailable;
  std::uint32_t best_rate = 0;   // for the asked time; 0: none known
  std::uint32_t best_lasts = 0;  // s, of the asked rate, at most kDay; 0: none known
  bool operator==(const Nak&) const = default;
};
struct Extend {
  std::uint32_t number = 0;
  std::uint32_t by = 0;  // s, 1..kDay
  bool operator==(const Extend&) const = default;
};
struct Release {
  std::uint32_t number = 0;
  bool operator==(const Release&) const = default;
};
struct OnlineUntil {
  std::uint32_t in = 0;  // s, a multiple of 300, at most kOnlineMost; 0: taken back
  bool operator==(const OnlineUntil&) const = default;
};
struct Leaving {
  std::uint32_t in = 0;  // s, a multiple of 60 up to 3,600, else of 300, at most kDay; 0: it stays
  bool operator==(const Leaving&) const = default;
};
struct Please {
  std::uint32_t number = 0;
  std::uint32_t by = 0;  // s, a multiple of 60, 60..kDay
  bool operator==(const Please&) const = default;
};

[[nodiscard]] bool is_sound(const Need& need);
[[nodiscard]] bool is_sound(const Ack& ack);
[[nodiscard]] bool is_sound(const Nak& nak);
[[nodiscard]] bool is_sound(const Extend& extend);
[[nodiscard]] bool is_sound(const Release& release);
[[nodiscard]] bool is_sound(const OnlineUntil& online);
[[nodiscard]] bool is_sound(const Leaving& leaving);
[[nodiscard]] bool is_sound(const Please& please);
// All fields within the ranges above.

[[nodiscard]] constexpr std::uint32_t online_seconds(std::uint32_t exact) {
  const std::uint32_t coarse = exact - exact % 300;
  return coarse < kOnlineMost ? coarse : kOnlineMost;
}
// As OnlineUntil says it: never more than was meant.
[[nodiscard]] constexpr std::uint32_t leaving_seconds(std::uint32_t exact) {
  if (exact < 60) return 60;
  if (exact >= kDay) return kDay;
  const std::uint32_t step = exact <= 3'600 ? 60 : 300;
  return (exact + step / 2) / step * step;
}
// As Leaving says it: to the nearest, at least 60.

}  // namespace covfefe::wire
