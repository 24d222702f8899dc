// SPDX-License-Identifier: Apache-2.0
#include "keys/tai64n.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::keys {
namespace {

constexpr std::uint64_t kEpoch = (std::uint64_t{1} << 62) + 10;  // TAI was 10 s ahead in 1970
constexpr std::uint32_t kSecond = 1'000'000'000;
constexpr Duration kAhead = Duration::hours(1);
constexpr Duration kReserve = Duration::minutes(30);
// While the clock is behind, only the count of handshakes moves time: a small step is enough, and
// small keeps a service that restarts in a loop from running far into the future.
constexpr Duration kStep = Duration{256LL * kTick};

}  // namespace

ByteArray<kTai64nSize> Tai64n::bytes() const {
  ByteArray<kTai64nSize> out;
  store_be(out.data(), seconds);
  store_be(out.data() + 8, nanoseconds);
  return out;
}

std::optional<Tai64n> parse_tai64n(ByteView bytes) {
  if (bytes.size() != kTai64nSize) return {};
  const Tai64n out{load_be<std::uint64_t>(bytes.data()), load_be<std::uint32_t>(bytes.data() + 8)};
  if (out.nanoseconds >= kSecond) return {};
  return out;
}

Tai64n tai64n_of(WallTime time) {
  const auto unix = static_cast<std::uint64_t>(std::max<std::int64_t>(time.unix_nanoseconds, 0));
  const auto nanoseconds = static_cast<std::uint32_t>(unix % kSecond);
  return {kEpoch + unix / kSecond, nanoseconds - nanoseconds % kTick};
}

Tai64n later_by(Tai64n from, Duration duration) {
  CHECK(duration.nanoseconds >= 0);
  const auto span = static_cast<std::uint64_t>(duration.nanoseconds);
  const std::uint64_t nanoseconds = from.nanoseconds + span % kSecond;
  std::uint64_t seconds = from.seconds + span / kSecond + nanoseconds / kSecond;
  const auto rest = static_cast<std::uint32_t>(nanoseconds % kSecond);
  const Tai64n out{seconds, rest - rest % kTick};
  if (span == 0 || out > from) return out;
  const std::uint32_t next = from.nanoseconds - from.nanoseconds % kTick + kTick;
  return next < kSecond ? Tai64n{from.seconds, next} : Tai64n{from.seconds + 1, 0};
}

Tai64n Timestamps::peek(WallTime now) const {
  return std::max(tai64n_of(now), later_by(last_, Duration{1}));
}

Tai64n Timestamps::wanted_ceiling(WallTime now) const {
  return std::max({later_by(tai64n_of(now), kAhead), later_by(last_, kStep), ceiling_});
}

bool Timestamps::should_raise(WallTime now) const {
  return later_by(tai64n_of(now), kReserve) > ceiling_ || later_by(last_, kStep / 2) > ceiling_;
}

}  // namespace covfefe::keys
