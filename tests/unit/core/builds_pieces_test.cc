// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "core/build/offers.h"
#include "core/build/patience.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

wire::BuildRecord asked() {
  wire::BuildRecord out;
  out.made_at = 1'700'000'040;
  out.lifetime = 3'600;
  return out;
}

wire::BuildRecord reserving() {
  wire::BuildRecord out = asked();
  out.rate = 1 << 20;
  out.least_rate = 1 << 16;
  out.duration = 600;
  out.accept_less = true;
  return out;
}

wire::BuildReply granted(std::uint32_t rate, bool less) {
  wire::BuildReply out;
  out.rate = rate;
  out.less = less;
  out.until = asked().made_at + 3'660;
  return out;
}

}  // namespace

TEST_CASE("what this version offers is fair") {
  CHECK(fair(asked(), offer(asked(), {})));
  CHECK(fair(reserving(), offer(reserving(), {1 << 20, 7})));
  CHECK_FALSE(offer(reserving(), {1 << 20, 7}).less);
  CHECK(fair(reserving(), offer(reserving(), {1 << 16, 7})));
  CHECK(offer(reserving(), {1 << 16, 7}).less);
  wire::BuildRecord any = reserving();
  any.least_rate = 0;
  CHECK(offer(any, {}).less);
  CHECK(fair(any, offer(any, {})));
}

TEST_CASE("a rate that would have been kept is told with its own refusal only") {
  CHECK(refusal(wire::BuildStatus::NoCapacity, 1 << 14).rate == 1 << 14);
  CHECK(refusal(wire::BuildStatus::Overloaded, 1 << 14).rate == 0);
}

TEST_CASE("an offer of at most what was asked and not less than the least is fair") {
  CHECK(fair(reserving(), granted(1 << 20, false)));
  CHECK(fair(reserving(), granted(1 << 18, true)));
  CHECK(fair(reserving(), granted(1 << 16, true)));
}

TEST_CASE("more than was asked, too little, or a wrong flag is not fair") {
  CHECK_FALSE(fair(reserving(), granted(1 << 21, false)));
  CHECK_FALSE(fair(reserving(), granted(1 << 15, true)));
  CHECK_FALSE(fair(reserving(), granted(1 << 20, true)));
  CHECK_FALSE(fair(reserving(), granted(1 << 18, false)));
  CHECK_FALSE(fair(asked(), granted(1, false)));
  CHECK_FALSE(fair(asked(), granted(0, true)));
  wire::BuildRecord all = reserving();
  all.accept_less = false;
  CHECK_FALSE(fair(all, granted(1 << 18, true)));
}

TEST_CASE("an offer that ends before what was asked for, or never, is not fair") {
  wire::BuildReply reply = granted(0, false);
  reply.until = asked().made_at + 3'600;
  CHECK(fair(asked(), reply));
  reply.until -= 1;
  CHECK_FALSE(fair(asked(), reply));
  reply.until = asked().made_at + 3'720;
  CHECK(fair(asked(), reply));
  reply.until += 1;
  CHECK_FALSE(fair(asked(), reply));
  reply.until = ~std::uint32_t{0};
  CHECK_FALSE(fair(asked(), reply));
}

TEST_CASE("an origin waits five seconds before it knows better, then eight round trips") {
  Patience patience;
  CHECK(patience.with(3) == Duration::seconds(5));
  patience.answered(3, Duration::millis(300));
  CHECK(patience.with(3) == Duration::millis(2'400));
  CHECK(patience.with(4) == Duration::seconds(5));
  patience.answered(3, Duration::millis(1'100));
  CHECK(patience.with(3) == Duration::millis(3'200));
}

TEST_CASE("patience is at least one second and at most five") {
  Patience patience;
  patience.answered(2, Duration::millis(2));
  CHECK(patience.with(2) == Duration::seconds(1));
  patience.answered(5, Duration::seconds(4));
  CHECK(patience.with(5) == Duration::seconds(5));
}

TEST_CASE("patience doubles with each silence and is as before after an answer") {
  Patience patience;
  patience.answered(2, Duration::millis(2));
  patience.missed();
  CHECK(patience.with(2) == Duration::seconds(2));
  patience.missed();
  CHECK(patience.with(2) == Duration::seconds(4));
  for (int i = 0; i < 100; ++i) patience.missed();
  CHECK(patience.with(2) == Duration::seconds(5));
  patience.answered(2, Duration::millis(2));
  CHECK(patience.with(2) == Duration::seconds(1));
}
