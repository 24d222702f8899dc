// SPDX-License-Identifier: Apache-2.0
// The initiator's side of one handshake with one friend: one attempt at a time, repeated until a
// session stands (A29; Steps L5 to L7, covfefe-protocol(7)).
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "core/io.h"
#include "core/link/paths.h"
#include "crypto/mac.h"

namespace covfefe::core {

struct Dial {
  enum class Phase : std::uint8_t {
    Idle,       // nothing to do
    Queued,     // waits for its turn (50 a second over all friends) or for the keystore
    Asked,      // the keystore makes the first message
    Waiting,    // the first message is on its way
    Finishing,  // the keystore reads the answer
    Resting,    // this attempt failed; the next one comes at `next`
  };
  static constexpr Duration kCookieLife = Duration::seconds(60);
  static constexpr Duration kKeystorePatience = Duration::seconds(2);
  static constexpr unsigned kFirstAttempts = 5;

  Phase phase = Phase::Idle;
  unsigned attempts = 0;
  Instant started{};  // the newest attempt
  Instant next = Instant::never();
  RequestId request;
  std::uint64_t handshake = 0;  // the keystore's name for it
  ReceiverIndex index;          // ours, of the session to come; 0 = none
  ReceiverIndex peer_index;     // from the answer
  Endpoint target;
  Route answered_at;     // where the answer came from
  ByteArray<16> mac1{};  // of the message under way: binds a cookie reply to it
  std::optional<crypto::Cookie> cookie;
  Instant cookie_until{};
  std::string failure;  // of the last attempt
};

[[nodiscard]] inline Duration dial_pause(unsigned attempts, std::uint64_t random) {
  constexpr std::array<std::int64_t, 5> kMillis{250, 500, 1000, 2000, 5000};
  const std::size_t step = std::min<std::size_t>(attempts == 0 ? 0 : attempts - 1, 4);
  const Duration base = Duration::millis(kMillis[step]);
  return base + Duration{static_cast<std::int64_t>(
                    random % static_cast<std::uint64_t>(base.nanoseconds / 4))};
}
// From attempt number `attempts` (1 and up) to the next: 0.25, 0.5, 1, 2, then 5 s, and up to a
// quarter of jitter.

}  // namespace covfefe::core
