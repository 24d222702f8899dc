// SPDX-License-Identifier: Apache-2.0
#include "store/capacity.h"

#include <doctest/doctest.h>

#include "temporary.h"

namespace covfefe::store {
namespace {

constexpr std::int64_t kHourEnd = kNow.unix_seconds() / 3'600 * 3'600;

struct Store {
  TemporaryDirectory directory;
  StoreResult<Database> opened = Database::open(directory.file("peers.db"), kNow);
  Capacity capacity{opened.value()};

  bool record(std::uint8_t number, const std::vector<CapacityRecord>& minutes,
              WallTime now = kNow) {
    return capacity.record(operation(number), minutes, now).ok();
  }
};

WallTime at(std::int64_t seconds) {
  return {seconds * 1'000'000'000};
}

TEST_CASE_FIXTURE(Store, "minutes are kept as measured, newest first") {
  const CapacityRecord first{kHourEnd - 120, 60, 1'000, 900, 500, 1};
  const CapacityRecord second{kHourEnd - 60, 60, 0, 0, 700, 0};
  REQUIRE(record(1, {first, second}));
  CHECK(capacity.history(60, 10).value() == std::vector<CapacityRecord>{second, first});
  CHECK(capacity.history(60, 1).value() == std::vector<CapacityRecord>{second});
  CHECK(capacity.history(61, 10).value().empty());
}

TEST_CASE_FIXTURE(Store, "an hour has the mean, the least and the sum of its minutes") {
  REQUIRE(record(1, {{kHourEnd - 120, 60, 1'000, 900, 600, 1},
                     {kHourEnd - 60, 60, 3'000, 800, 0, 2},
                     {kHourEnd, 60, 0, 0, 300, 4}}));
  CHECK(capacity.history(3'600, 10).value() ==
        std::vector<CapacityRecord>{{kHourEnd, 3'600, 2'000, 800, 300, 7}});
}

TEST_CASE_FIXTURE(Store, "an unlimited hour has no least, whatever comes first") {
  REQUIRE(record(1, {{kHourEnd - 60, 60, 0, 0, 5, 0}}));
  CHECK(capacity.history(3'600, 1).value().at(0).lowest == 0);
  REQUIRE(record(2, {{kHourEnd, 60, 50, 40, 5, 0}}));
  CHECK(capacity.history(3'600, 1).value().at(0).lowest == 40);
  CHECK(capacity.history(3'600, 1).value().at(0).rate == 50);
}

TEST_CASE_FIXTURE(Store, "minutes that are told twice under one number count once") {
  REQUIRE(record(1, {{kHourEnd, 60, 10, 10, 10, 1}}));
  REQUIRE(record(1, {{kHourEnd, 60, 10, 10, 10, 1}}));
  CHECK(capacity.history(60, 10).value().at(0).cuts == 1);
}

TEST_CASE_FIXTURE(Store, "what is no minute, or of another time, is not taken") {
  CHECK_FALSE(record(1, {{kHourEnd, 3'600, 10, 10, 10, 1}}));
  CHECK_FALSE(record(2, {{0, 60, 10, 10, 10, 1}}));
  CHECK_FALSE(record(
      3, std::vector<CapacityRecord>(kMaxCapacityMinutes + 1, {kHourEnd, 60, 10, 10, 10, 1})));
  REQUIRE(record(4, {{kHourEnd + 3'600 * 3, 60, 10, 10, 10, 1},
                     {kHourEnd - 8 * 24 * 3'600, 60, 10, 10, 10, 1}}));
  CHECK(capacity.history(60, 10).value().empty());
}

TEST_CASE_FIXTURE(Store, "minutes leave after a week and hours after 400 days") {
  REQUIRE(record(1, {{kHourEnd, 60, 10, 10, 10, 1}}));
  REQUIRE(record(2, {}, at(kHourEnd + kCapacityMinuteAge)));
  CHECK(capacity.history(60, 10).value().size() == 1);
  REQUIRE(record(3, {}, at(kHourEnd + kCapacityMinuteAge + 1)));
  CHECK(capacity.history(60, 10).value().empty());
  CHECK(capacity.history(3'600, 10).value().size() == 1);
  REQUIRE(record(4, {}, at(kHourEnd + kCapacityHourAge + 1)));
  CHECK(capacity.history(3'600, 10).value().empty());
}

TEST_CASE_FIXTURE(Store, "absurd numbers are bounded and an hour of them is still a number") {
  std::vector<CapacityRecord> all;
  for (std::int64_t i = 0; i < 60; ++i)
    all.push_back({kHourEnd - i * 60, 60, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT32_MAX});
  REQUIRE(record(1, all));
  const auto hour = capacity.history(3'600, 1).value().at(0);
  CHECK(hour.rate == INT64_MAX / 1'000'000);
  CHECK(hour.cuts == UINT32_MAX);
}

}  // namespace
}  // namespace covfefe::store
