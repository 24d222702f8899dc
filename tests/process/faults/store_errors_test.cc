// SPDX-License-Identifier: Apache-2.0
// A disk that says EIO or ENOSPC at the Nth call, for every N of a scripted trace.
#include <doctest/doctest.h>

#include <cerrno>

#include "tests/process/faults/store_life.h"
#include "tests/support/temporary_directory.h"

namespace covfefe::faults {
namespace {

void one_life(const StoreTrace& trace, const Fault& fault, Report& report) {
  const test::TemporaryDirectory directory;
  Disk disk(directory.text());
  disk.fail(fault);
  Life({trace, disk, report, nullptr}, directory / "peers.db").run();
}

std::uint64_t calls_of(const StoreTrace& trace) {
  const test::TemporaryDirectory directory;
  Disk disk(directory.text());
  disk.fail({});
  Report unused;
  Life({trace, disk, unused, nullptr}, directory / "peers.db").run();
  return disk.acts();
}

void every_call(int error, Lasting lasting, const std::string& name) {
  const StoreTrace trace(wants_all() ? 63 : 8);
  Report report{name, 0, 0, 0, 0, {}};
  const std::uint64_t calls = calls_of(trace);
  const std::uint64_t step = wants_few() ? 9 : lasting == Lasting::Forever && !wants_all() ? 3 : 1;
  for (std::uint64_t nth = 1 + seed() % step; nth <= calls; nth += step) {
    const std::uint64_t lost = report.lost + report.integrity;
    one_life(trace, {nth, error, lasting}, report);
    ++report.cycles;
    CAPTURE(nth);
    CHECK(report.lost + report.integrity == lost);
  }
  report.note = "each " + std::to_string(step) +
                "th open, write, sync, rename, remove and truncate of " +
                std::to_string(trace.steps()) + " operations";
  print(report);
  CHECK(report.ok());
}

TEST_CASE("a disk that fails once, at any call, costs no acknowledged operation") {
  every_call(EIO, Lasting::Once, "database: EIO once");
}

TEST_CASE("a disk that fails from any call on costs no acknowledged operation") {
  every_call(EIO, Lasting::Forever, "database: EIO until mended");
}

TEST_CASE("a disk that is full at any one call costs no acknowledged operation") {
  every_call(ENOSPC, Lasting::Once, "database: ENOSPC once");
}

TEST_CASE("a disk that is full from any call on costs nothing and serves again when it has room") {
  every_call(ENOSPC, Lasting::Forever, "database: ENOSPC until there is room");
}

}  // namespace
}  // namespace covfefe::faults
