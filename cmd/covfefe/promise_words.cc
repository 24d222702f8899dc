// SPDX-License-Identifier: Apache-2.0
#include "promise_words.h"

#include <algorithm>

#include "config/units.h"
#include "printable.h"

namespace covfefe::cli {
namespace {

constexpr Span kAnnounced{Duration::minutes(1), Duration::hours(7 * 24)};
constexpr Span kLeaving{Duration::minutes(1), Duration::hours(24)};
constexpr Span kStay{Duration::minutes(1), Duration::hours(24)};

Problem wrong(const std::string& text, const std::string& why) {
  const std::string shown = text.size() > 48 ? text.substr(0, 48) + "..." : text;
  return {"'" + printable(shown) + "' " + why, "", kUsage};
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_clock(const std::string& text) {
  return text.size() == 5 && text[2] == ':' && is_digit(text[0]) && is_digit(text[1]) &&
         is_digit(text[3]) && is_digit(text[4]);
}

// The next time the clock on the wall shows it.
Outcome<Duration> until_clock(const std::string& text, std::time_t now) {
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 23 || minute > 59) return wrong(text, "is no time of day: 00:00 to 23:59");
  std::tm day{};
  localtime_r(&now, &day);
  for (int later = 0; later <= 1; ++later) {
    std::tm at = day;
    at.tm_mday += later;
    at.tm_hour = hour;
    at.tm_min = minute;
    at.tm_sec = 0;
    at.tm_isdst = -1;  // of that day
    const std::time_t then = std::mktime(&at);
    if (then > now) return Duration::seconds(then - now);
  }
  return wrong(text, "is no time that comes");
}

Outcome<Duration> in_span(const std::string& text, Duration length, const Span& allowed) {
  if (length >= allowed.least && length <= allowed.most) return length;
  return wrong(text, "is not between " + config::format_duration(allowed.least) + " and " +
                         config::format_duration(allowed.most));
}

}  // namespace

Outcome<std::uint32_t> reserved_rate(const std::string& text) {
  const auto rate = config::parse_rate(text);
  if (!rate.ok()) return wrong(text, rate.error().message);
  if (rate->unlimited()) return wrong(text, "is no rate that can be promised");
  if (rate->bytes_per_second > kLeaseRateMost) return wrong(text, "is above 1 GiB/s");
  return static_cast<std::uint32_t>(rate->bytes_per_second);
}

Outcome<Duration> length_of(const std::string& text, const Span& allowed) {
  const std::size_t sign = text.starts_with('+') ? 1 : 0;
  const auto length = config::parse_duration(std::string_view(text).substr(sign));
  if (!length.ok()) return wrong(text, length.error().message);
  return in_span(text, *length, allowed);
}

Outcome<Duration> time_until(const std::string& text, const Span& allowed, std::time_t now) {
  if (!is_clock(text)) return length_of(text, allowed);
  const auto length = until_clock(text, now);
  if (!length) return length.error();
  return in_span(text, *length, allowed);
}

Outcome<IntendAsked> intention(const std::string& what, const std::string& when, std::time_t now) {
  if (what == "nothing") {
    if (!when.empty()) return wrong(when, "has no place after nothing");
    return IntendAsked{};
  }
  const bool leaving = what == "leaving";
  if (!leaving && what != "online-until")
    return wrong(what, "is none of online-until, leaving and nothing");
  if (when.empty()) return Problem{what + " needs a time: 10min, or 23:00", "", kUsage};
  const auto in = time_until(when, leaving ? kLeaving : kAnnounced, now);
  if (!in) return in.error();
  return IntendAsked{leaving ? Intent::Leaving : Intent::OnlineUntil, *in};
}

Outcome<AnswerAsked> reply_to(const std::string& peer, const std::string& yes_or_no,
                              const std::string& by) {
  AnswerAsked out{peer, yes_or_no == "yes", {}};
  if (!out.yes && yes_or_no != "no") return wrong(yes_or_no, "is neither yes nor no");
  if (by.empty()) return out;
  if (!out.yes) return wrong(by, "has no place after no");
  const auto length = length_of(by, kStay);
  if (!length) return length.error();
  out.by = *length;
  return out;
}

}  // namespace covfefe::cli
