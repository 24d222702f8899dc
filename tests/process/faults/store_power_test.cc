// SPDX-License-Identifier: Apache-2.0
// Power cuts at every sync of a long trace: what was not synced is dropped, torn or scattered, and
// the database is opened on what is left. Then the same after a sync that failed.
#include <cerrno>
#include <filesystem>

#include "tests/process/faults/platter.h"
#include "tests/process/faults/store_life.h"

namespace covfefe::faults {
namespace {

// A step that is under way at the cut may be there or not; what was acknowledged must be.
struct Recorded {
  std::vector<Event> events;
  std::vector<std::size_t> acked;
  std::string directory;

  [[nodiscard]] int acked_before(std::size_t event) const {
    return static_cast<int>(std::upper_bound(acked.begin(), acked.end(), event) - acked.begin());
  }
};

Recorded record(const StoreTrace& trace, const Fault& fault, Report& report) {
  const test::TemporaryDirectory directory;
  Recorded out;
  out.directory = directory.text();
  Disk disk(directory.text());
  disk.record(&out.events);
  disk.fail(fault);
  Life({trace, disk, report, &out.acked, &out.events}, directory / "peers.db").run();
  return out;
}

void judge(const StoreTrace& trace, const Platter::Files& files, int acked, Report& report) {
  const test::TemporaryDirectory directory;
  for (const auto& [name, content] : files) directory.write(name, content);
  auto database = store::Database::open(directory / "peers.db", kNow);
  ++report.cycles;
  report.acked += static_cast<std::uint64_t>(acked);
  const bool sound = database.ok() && database->quarantined().empty();
  if (!sound) {
    ++report.integrity;
    MESSAGE("not opened as it was: ",
            database.ok() ? database->quarantined() : database.error().text);
  } else if (!trace.is_after(*database, acked) && !trace.is_after(*database, acked + 1)) {
    ++report.lost;
  }
}

std::vector<Cut> cuts_at(std::mt19937_64& random) {
  const std::vector<Cut> torn{{Left::Beginning, 512},
                              {Left::Beginning, 4'096},
                              {Left::Scattered, 512},
                              {Left::Scattered, 4'096}};
  if (!wants_all()) return {{Left::Nothing}, torn[random() % torn.size()]};
  std::vector<Cut> out = torn;
  out.push_back({Left::Nothing});
  out.push_back({Left::All});
  return out;
}

TEST_CASE("a power cut at any sync costs no acknowledged operation") {
  const StoreTrace trace(wants_all() ? 630 : wants_few() ? 70 : 210);
  Report report{"database: power cut", 0, 0, 0, 0, {}};
  Report unused;
  const Recorded recorded = record(trace, {}, unused);
  const std::uint64_t chosen = seed();
  std::mt19937_64 random(chosen);
  Platter platter(recorded.directory);
  for (std::size_t i = 0; i < recorded.events.size(); ++i) {
    if (recorded.events[i].act == Act::Sync) {
      CAPTURE(i);
      const std::uint64_t before = report.lost + report.integrity;
      for (const Cut& cut : cuts_at(random))
        judge(trace, platter.after(cut, random), recorded.acked_before(i), report);
      CHECK(report.lost + report.integrity == before);
    }
    platter.apply(recorded.events[i]);
  }
  report.note = std::to_string(trace.steps()) + " operations, " + std::to_string(report.cycles) +
                " crash images, torn at 512 and 4096 bytes, seed " + std::to_string(chosen);
  print(report);
  CHECK(report.ok());
}

std::uint64_t syncs_of(const StoreTrace& trace) {
  Report unused;
  const Recorded recorded = record(trace, {}, unused);
  return static_cast<std::uint64_t>(
      std::count_if(recorded.events.begin(), recorded.events.end(),
                    [](const Event& event) { return event.act == Act::Sync; }));
}

// Bytes that a failed sync gave up stay readable until the power goes: whoever builds on them after
// a restart builds on nothing.
TEST_CASE("after a sync that failed, a later power cut costs no acknowledged operation") {
  const StoreTrace trace(wants_all() ? 28 : 7);
  Report report{"database: sync fails, then a power cut", 0, 0, 0, 0, {}};
  const std::uint64_t syncs = syncs_of(trace);
  std::mt19937_64 random(1);
  const std::uint64_t step = wants_all() ? 1 : wants_few() ? 6 : 2;
  for (std::uint64_t nth = 1 + seed() % step; nth <= syncs; nth += step) {
    Report life;
    const Fault fault{nth, EIO, Lasting::Once, 1U << static_cast<unsigned>(Act::Sync)};
    const Recorded recorded = record(trace, fault, life);
    CHECK(life.lost + life.integrity == 0);
    Platter platter(recorded.directory);
    bool failed = false;
    for (std::size_t i = 0; i < recorded.events.size(); ++i) {
      failed = failed || recorded.events[i].failed;
      if (failed && recorded.events[i].act == Act::Sync) {
        CAPTURE(nth);
        CAPTURE(i);
        const std::uint64_t before = report.lost + report.integrity;
        judge(trace, platter.after({}, random), recorded.acked_before(i), report);
        CHECK(report.lost + report.integrity == before);
      }
      platter.apply(recorded.events[i]);
    }
  }
  report.note = "each " + std::to_string(step) + "th of " + std::to_string(syncs) + " syncs fails";
  print(report);
  CHECK(report.ok());
}

}  // namespace
}  // namespace covfefe::faults
