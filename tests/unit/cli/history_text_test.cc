// SPDX-License-Identifier: Apache-2.0
#include "history_text.h"

#include <doctest/doctest.h>

using namespace covfefe;
using namespace covfefe::cli;

TEST_CASE("what a friend kept is told by kind, and nothing is made of nothing") {
  CHECK(tallies_text({}) == "none has ended yet");
  CHECK(tallies_text(
            {{{2}, PromiseKind::LeaseTaken, 3, 1, 5}, {{2}, PromiseKind::Leaving, 1, 0, 6}}) ==
        "3 of 4 reservations, 1 of 1 announced departure");
  CHECK(tallies_json({{{2}, PromiseKind::OnlineUntil, 0, 7, 5}}).text().find("\"broken\"") !=
        std::string::npos);
}

TEST_CASE("the uplink's hours have a mean, a least and what was sent") {
  CHECK(hours_text({}) == "history   nothing is remembered yet\n");
  CHECK(hours_text({{3'600, 3'600, 125'000, 100'000, 1'000, 1},
                    {7'200, 3'600, 375'000, 120'000, 3'000, 2},
                    {10'800, 3'600, 0, 0, 2'000, 0}}) ==
        "history   of 3 hours: 2.00 Mbit/s in the mean, at least 800 kbit/s; 16.0 kbit/s\n"
        "          sent; 3 cuts\n");
  CHECK(hours_text({{3'600, 3'600, 0, 0, 1'000, 0}}) ==
        "history   of 1 hour: no limit known; 8.00 kbit/s sent; 0 cuts\n");
}

TEST_CASE("no number of a database makes the mean overflow") {
  const std::vector<CapacityRecord> hours(24,
                                          {3'600, 3'600, UINT64_MAX, UINT64_MAX, UINT64_MAX, 9});
  CHECK_FALSE(hours_text(hours).empty());
}
