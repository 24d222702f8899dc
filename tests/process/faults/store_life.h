// SPDX-License-Identifier: Apache-2.0
// The database service on a disk that may fail: it lives through a StoreTrace, ends when the
// database says so, is started again, and never holds less than what it acknowledged.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "tests/process/faults/disk.h"
#include "tests/process/faults/report.h"
#include "tests/process/faults/store_trace.h"
#include "tests/support/temporary_directory.h"

namespace covfefe::faults {

struct Witness {
  const StoreTrace& trace;
  Disk& disk;
  Report& report;
  std::vector<std::size_t>*
      acked;  // Disk::record's events when each step was acknowledged, or null
  const std::vector<Event>* events = nullptr;  // with `acked`
};

class Life {
 public:
  Life(const Witness& witness, std::string path) : witness_(witness), path_(std::move(path)) {}

  void run() {
    while (acked_ < witness_.trace.steps()) {
      if (!database_ && !restart()) continue;
      if (const auto done = witness_.trace.step(*database_, acked_ + 1); done) {
        acknowledge();
      } else {
        refused(done.error());
      }
    }
    database_.reset();
    witness_.disk.heal();
    REQUIRE(restart());
    if (!holds(acked_)) ++witness_.report.lost;
    if (!database_->integrity_check().ok()) ++witness_.report.integrity;
  }

 private:
  static constexpr int kPatience = 4;  // refusals until somebody mends the disk

  [[nodiscard]] bool holds(int step) { return witness_.trace.is_after(*database_, step); }

  void acknowledge() {
    ++acked_;
    ++witness_.report.acked;
    if (witness_.acked != nullptr) witness_.acked->push_back(witness_.events->size());
  }

  void complain(const store::StoreError& error) {
    CHECK(witness_.disk.hit());
    CHECK_FALSE(error.text.empty());
    if (++refusals_ == kPatience) witness_.disk.heal();
  }

  void refused(const store::StoreError& error) {
    complain(error);
    if (error.fault == store::Fault::Io) {
      database_->suspect();
      database_.reset();
      return;
    }
    CHECK(error.fault == store::Fault::Full);
    // What was refused for want of room is not there, and what was there can be read.
    if (!holds(acked_)) ++witness_.report.lost;
  }

  bool restart() {
    auto opened = start(path_);
    if (!opened) {
      complain(opened.error());
      if (opened.error().fault == store::Fault::Corrupt) ++witness_.report.integrity;
      return false;
    }
    database_ = std::make_unique<store::Database>(std::move(*opened));
    if (!database_->quarantined().empty()) ++witness_.report.integrity;
    // The step that was refused may be there, but nothing less than what was acknowledged.
    if (!holds(acked_) && !holds(acked_ + 1)) ++witness_.report.lost;
    return true;
  }

  Witness witness_;
  std::string path_;
  std::unique_ptr<store::Database> database_;
  int acked_ = 0;
  int refusals_ = 0;
};

}  // namespace covfefe::faults
