// SPDX-License-Identifier: Apache-2.0
#include "shaper_text.h"

#include <doctest/doctest.h>

#include "printable.h"
#include "quantity.h"
#include "shaper_samples.h"

namespace covfefe::cli {
namespace {

std::size_t columns(std::string_view line) {
  std::size_t out = 0;
  for (; !line.empty(); ++out) line.remove_prefix(std::max<std::size_t>(utf8_length(line), 1));
  return out;
}

std::size_t widest(const std::string& text) {
  std::size_t out = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    out = std::max(out, columns(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("a rate in bits has three digits and at most five characters") {
  CHECK(bits_text(0) == "0");
  CHECK(bits_text(1) == "8");
  CHECK(bits_text(124) == "992");
  CHECK(bits_text(125) == "1.00k");
  CHECK(bits_text(1'250'000) == "10.0M");
  CHECK(bits_text(124'938) == "1.00M");
  CHECK(bits_text(12'493'800) == "100M");
  CHECK(rate_text(1'150'000) == "9.20 Mbit/s");
  for (const std::uint64_t rate : {std::uint64_t{1'249}, std::uint64_t{999'499}, UINT64_MAX}) {
    CAPTURE(rate);
    CHECK(bits_text(rate).size() <= 5);
    CHECK(rate_text(rate).size() <= 11);
  }
}

TEST_CASE("a text is fitted to exactly its columns, whatever characters it has") {
  CHECK(fitted("bob", 5) == "bob  ");
  CHECK(fitted("bobby", 5) == "bobby");
  CHECK(fitted("bobbys", 5) == "bobb~");
  CHECK(fitted("Grüße", 5) == "Grüße");
  CHECK(fitted("Grüße!", 5) == "Grüß~");
  CHECK(fitted("x", 0).empty());
  CHECK(fitted("\xff\xfe", 3).size() == 3);
}

TEST_CASE("the page of the shaper keeps to 80 columns, also with large numbers") {
  CHECK(widest(shaper_text(ShaperState{})) <= 80);
  CHECK(widest(shaper_text(busy_shaper(3))) <= 80);
  ShaperState huge = busy_shaper(3);
  for (FriendState& one : huge.friends) {
    one.name = std::string(63, 'n');
    one.rate = one.entitled = one.leased = one.queued_bytes = UINT64_MAX / 16;
    one.dropped = 99'999'999;
  }
  for (ClassState& one : huge.classes) {
    one.sent_bytes = one.queued_bytes = UINT64_MAX;
    one.sent_datagrams = one.dropped = 999'999'999;
  }
  CHECK(widest(shaper_text(huge)) <= 80);
}

TEST_CASE(
    "the page says what is promised, what is free, why the uplink is as it is and who waits") {
  const std::string page = shaper_text(busy_shaper(2));
  for (const char* part :
       {"9.20 Mbit/s of 10.0 Mbit/s, steady for 3 min", "no link's delay rises",
        "7.04 Mbit/s may be promised, 6.40 Mbit/s is free", "1 refused, 0 revoked",
        "reserves hold at 87.5 %", "friend-1", "friend-2", "realtime 205 kbit/s over friend-1 for",
        "2 h 30 min", "and 2 more leases"}) {
    CAPTURE(part);
    CHECK(page.find(part) != std::string::npos);
  }
  CHECK(page.find("friend-2") < page.find("friend-1"));  // the faster one first
}

TEST_CASE("friends' reserves that cannot all be kept are said, where their level has none") {
  ShaperState state = busy_shaper(1);
  state.classes = {ClassState{}};
  state.classes[0].scale = 429;
  CHECK(shaper_text(state).find("reserves hold at 42.9 %") != std::string::npos);
}

TEST_CASE("an uplink without a limit promises whatever is asked") {
  const std::string page = shaper_text(ShaperState{});
  CHECK(page.find("uplink    unlimited, as configured") != std::string::npos);
  CHECK(page.find("an unlimited uplink") != std::string::npos);
  CHECK(page.find("no friends") != std::string::npos);
}

}  // namespace covfefe::cli
