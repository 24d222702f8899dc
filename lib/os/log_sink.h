// SPDX-License-Identifier: Apache-2.0
// The log of a service: one line per record on standard error, "<3>covfefe-router event k=v", where
// <3> is the priority that journald understands (sd-daemon(3)). Lines are written whole with one
// write(2), at most 2,048 bytes. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"

namespace covfefe::os {

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
