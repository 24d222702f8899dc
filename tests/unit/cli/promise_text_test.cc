// SPDX-License-Identifier: Apache-2.0
#include "promise_text.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "promise_words.h"

namespace covfefe::cli {
namespace {

constexpr Span kDay{Duration::seconds(1), Duration::hours(24)};

PromiseView lease() {
  PromiseView out;
  out.id = 7;
  out.kind = "taken";
  out.with = "bob";
  out.payload_rate = 10'240;
  out.wire_rate = 25'600;
  out.lease_class = "realtime";
  out.left_s = 9'000;
  out.state = "in force";
  return out;
}

PromiseView announced(const char* kind, bool ours) {
  PromiseView out;
  out.kind = kind;
  out.ours = ours;
  out.with = "bob";
  out.left_s = 600;
  return out;
}

}  // namespace

TEST_CASE("a promise is one sentence that says who, what and how long") {
  CHECK(promise_text(lease()) == "realtime 10.0 KiB/s from bob, 2 h 30 min left (in force)");
  PromiseView later = lease();
  later.kind = "given";
  later.starts_in_s = 3'600;
  later.state = "to come";
  CHECK(promise_text(later) == "realtime 10.0 KiB/s to bob, starts in 60 min for 90 min (to come)");
  CHECK(promise_text(announced("online until", false)) == "bob stays for 10 min");
  CHECK(promise_text(announced("online until", true)) == "this node stays for 10 min");
  CHECK(promise_text(announced("leaving", false)) == "bob goes in 10 min");
  CHECK(promise_text(announced("please", false)) == "bob asks this node to stay longer");
  CHECK(promise_text(announced("please", true)) == "this node asks bob to stay longer");
}

TEST_CASE("promises are listed by number, and what does not fit is counted") {
  CHECK(promises_text({}) == "nothing is promised, announced or asked\n");
  const PromisesView view{{lease(), announced("leaving", false)}, 3};
  CHECK(promises_text(view) ==
        "7             realtime 10.0 KiB/s from bob, 2 h 30 min left (in force)\n"
        "-             bob goes in 10 min\n"
        "and 3 more\n");
}

TEST_CASE("what was reserved names its number, its rates and the way back") {
  CHECK(reserve_text({7, 10'240, 25'600, 9'000, "bob, both ways"}) ==
        "lease 7: 10.0 KiB/s of payload for 2 h 30 min, bob, both ways\n"
        "  on the wire 25.0 KiB/s; covfefe extend, covfefe release\n");
}

TEST_CASE("a rate to reserve has a unit and lies within what can be promised") {
  CHECK(*reserved_rate("10KiB/s") == 10'240);
  CHECK(*reserved_rate("1 GiB/s") == 1'073'741'824);
  for (const char* text : {"0", "0 B/s", "unlimited", "none", "-5 KiB/s", "10", "10 KiB", "2 GiB/s",
                           "99999999999999999999 B/s", "1 B/s", "", "fast", "1e9 B/s"}) {
    CAPTURE(text);
    const auto rate = reserved_rate(text);
    REQUIRE_FALSE(rate.ok());
    CHECK(rate.error().code == kUsage);
    CHECK(rate.error().what.find('\n') == std::string::npos);
  }
}

TEST_CASE("a length may have a sign before it and has an end") {
  CHECK(*length_of("2.5h", kDay) == Duration::minutes(150));
  CHECK(*length_of("+10min", kDay) == Duration::minutes(10));
  for (const char* text : {"", "+", "-10min", "0s", "25h", "10", "1 year", "++10min", "1ms",
                           "999999999999999d", "10min later"}) {
    CAPTURE(text);
    CHECK_FALSE(length_of(text, kDay).ok());
  }
}

TEST_CASE("a time of day is the next one that the clock on the wall shows") {
  setenv("TZ", "UTC", 1);
  const std::time_t noon = 1'763'812'800;  // 2025-11-22 12:00 UTC
  CHECK(*time_until("12:30", kDay, noon) == Duration::minutes(30));
  CHECK(*time_until("12:00", kDay, noon) == Duration::hours(24));
  CHECK(*time_until("11:59", kDay, noon) == Duration::hours(24) - Duration::minutes(1));
  CHECK(*time_until("2h", kDay, noon) == Duration::hours(2));
  for (const char* text : {"24:00", "12:60", "1:30", "12:3", "12:300", "ab:cd"}) {
    CAPTURE(text);
    CHECK_FALSE(time_until(text, kDay, noon).ok());
  }
}

TEST_CASE("an intention is one of three words, with a time or without") {
  CHECK(intention("nothing", "", 0)->what == Intent::Nothing);
  CHECK(intention("leaving", "10min", 0)->what == Intent::Leaving);
  CHECK(intention("online-until", "3d", 0)->in == Duration::hours(72));
  CHECK_FALSE(intention("nothing", "10min", 0).ok());
  CHECK_FALSE(intention("leaving", "", 0).ok());
  CHECK_FALSE(intention("leaving", "25h", 0).ok());
  CHECK_FALSE(intention("online-until", "8d", 0).ok());
  CHECK_FALSE(intention("sleeping", "1h", 0).ok());
}

TEST_CASE("an answer is yes, with a time or what was asked, or no") {
  CHECK(reply_to("bob", "yes", "")->by == Duration{});
  CHECK(reply_to("bob", "yes", "10min")->by == Duration::minutes(10));
  CHECK_FALSE(reply_to("bob", "no", "")->yes);
  CHECK_FALSE(reply_to("bob", "no", "10min").ok());
  CHECK_FALSE(reply_to("bob", "maybe", "").ok());
  CHECK_FALSE(reply_to("bob", "yes", "1s").ok());
}

}  // namespace covfefe::cli
