// SPDX-License-Identifier: Apache-2.0
// The log of a service: one line per record on standard error, "<3>covfefe-router event k=v", where
// <3> is the priority that journald understands (sd-daemon(3)). Lines are written whole with one
// write(2), at most 2,048 bytes. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"

namespace covfefe::os {

void never_wait_for_log();
// Standard error does not block from now on: what its reader does not take is lost, line by line. A
// pipe or terminal is opened anew, so that others who write to it still wait as they did; a socket
// (journald's) is the caller's alone. On failure all stays as it was. SIGPIPE is ignored from now
// on: a reader that is gone ends nobody. Before confine: reads /proc.

class StderrLog final : public Log {
 public:
  explicit StderrLog(std::string service, Level most_detailed = Level::Info);
  void write(Level level, std::string_view line) override;
  // Dropped if more detailed than asked for, or if standard error does not take it.

 private:
  std::string service_;
  Level most_detailed_;
};

}  // namespace covfefe::os
