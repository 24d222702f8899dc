// SPDX-License-Identifier: Apache-2.0
// A disk that says EIO or ENOSPC at the Nth call, for every N of a scripted trace.
#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>

#include "tests/process/faults/disk.h"
#include "tests/process/faults/report.h"
#include "tests/process/faults/store_trace.h"
#include "tests/support/temporary_directory.h"

namespace covfefe::faults {
namespace {

using store::Database;

// The service on a failing disk: it ends when the database says so, and is started again.
class Life {
 public:
  Life(const StoreTrace& trace, Disk& disk, std::string path, Report& report)
      : trace_(trace), disk_(disk), path_(std::move(path)), report_(report) {}

  void run() {
    while (acked_ < trace_.steps()) {
      if (!database_ && !restart()) continue;
      const auto done = trace_.step(*database_, acked_ + 1);
      if (done) {
        ++acked_;
        ++report_.acked;
      } else {
        refused(done.error());
      }
    }
    database_.reset();
    disk_.heal();
    REQUIRE(restart());
    if (!trace_.is_after(*database_, acked_)) ++report_.lost;
    if (!database_->integrity_check().ok()) ++report_.integrity;
  }

  [[nodiscard]] int restarts() const { return restarts_; }

 private:
  static constexpr int kPatience = 4;  // refusals in a row until somebody mends the disk

  void refused(const store::StoreError& error) {
    CHECK(disk_.hit());
    CHECK_FALSE(error.text.empty());
    if (error.fault == store::Fault::Io || error.fault == store::Fault::Corrupt) {
      database_->suspect();
      database_.reset();
    } else {
      CHECK(error.fault == store::Fault::Full);
      // What was refused for want of room is not there, and what was there can be read.
      if (!trace_.is_after(*database_, acked_)) ++report_.lost;
    }
    if (++refusals_ == kPatience) disk_.heal();
  }

  bool restart() {
    ++restarts_;
    auto opened = start(path_);
    if (!opened) {
      CHECK(disk_.hit());
      CHECK_FALSE(opened.error().text.empty());
      if (opened.error().fault == store::Fault::Corrupt) ++report_.integrity;
      if (++refusals_ == kPatience) disk_.heal();
      return false;
    }
    database_ = std::make_unique<Database>(std::move(*opened));
    if (!database_->quarantined().empty()) ++report_.integrity;
    // The step that was refused may be there, but nothing less than what was acknowledged.
    if (!trace_.is_after(*database_, acked_) && !trace_.is_after(*database_, acked_ + 1)) {
      ++report_.lost;
    }
    return true;
  }

  const StoreTrace& trace_;
  Disk& disk_;
  std::string path_;
  Report& report_;
  std::unique_ptr<Database> database_;
  int acked_ = 0;
  int restarts_ = 0;
  int refusals_ = 0;
};

// True if the fault happened at all: otherwise the trace has fewer calls.
bool one_life(const StoreTrace& trace, const Fault& fault, Report& report) {
  const test::TemporaryDirectory directory;
  Disk disk(directory.text());
  disk.fail(fault);
  Life life(trace, disk, directory / "peers.db", report);
  life.run();
  return disk.hit() || disk.acts() >= fault.nth;
}

void every_call(int error, Lasting lasting, const std::string& name) {
  const StoreTrace trace(wants_all() ? 63 : 8);
  Report report{name, 0, 0, 0, 0, {}};
  std::uint64_t calls = 0;
  {
    const test::TemporaryDirectory directory;
    Disk disk(directory.text());
    disk.fail({});
    Report unused;
    Life(trace, disk, directory / "peers.db", unused).run();
    calls = disk.acts();
  }
  for (std::uint64_t nth = 1; nth <= calls; ++nth) {
    const std::uint64_t lost = report.lost + report.integrity;
    one_life(trace, {nth, error, lasting}, report);
    ++report.cycles;
    CAPTURE(nth);
    CHECK(report.lost + report.integrity == lost);
  }
  report.note = "every open, write, sync, rename, remove and truncate of " +
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
