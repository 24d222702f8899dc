// SPDX-License-Identifier: Apache-2.0
// Rates, lengths and times of day as the operator types them after reserve, extend, intend, please
// and answer. A problem is one sentence and ends with wrong usage.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

#include "base/instant.h"
#include "outcome.h"
#include "promise_views.h"

namespace covfefe::cli {

inline constexpr std::uint16_t kUsualPacket = 83;   // payload of UDP that fits one S cell
inline constexpr std::uint16_t kUsualBulk = 1'232;  // that fills one L cell: none is larger

struct Span {
  Duration least;
  Duration most;
};

[[nodiscard]] Outcome<std::uint32_t> reserved_rate(const std::string& text);
// Payload: 1 kB/s to 1 GiB/s.
[[nodiscard]] Outcome<Duration> length_of(const std::string& text, const Span& allowed);
// "30min", "+30min", "2.5h".
[[nodiscard]] Outcome<Duration> time_until(const std::string& text, const Span& allowed,
                                           std::time_t now);
// A length as above, or HH:MM of this machine's time zone, today or, when that is past, tomorrow.
[[nodiscard]] Outcome<IntendAsked> intention(const std::string& what, const std::string& when,
                                             std::time_t now);
// what: "online-until", "leaving" or "nothing", which takes no time.
[[nodiscard]] Outcome<AnswerAsked> reply_to(const std::string& peer, const std::string& yes_or_no,
                                            const std::string& by);

}  // namespace covfefe::cli
