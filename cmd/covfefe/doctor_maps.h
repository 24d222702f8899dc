// SPDX-License-Identifier: Apache-2.0
// The memory of a service: nothing writable is executable, and all code is the system's or ours.
#pragma once

#include <string>
#include <vector>

#include "doctor_report.h"

namespace covfefe::cli::doctor {

struct MappedFile;

struct MapsQuestion {
  std::string service;
  const std::string& maps;  // text of /proc/PID/maps
  const std::string& exe;
  const std::string& binary;  // where it should be, or empty
  std::string restart;        // command
  const std::vector<MappedFile>& executables;
};
void check_maps(const MapsQuestion& question, Report& report);

[[nodiscard]] std::vector<std::string> executable_files(std::string_view maps);
// Paths of all files that are mapped executable, each once, " (deleted)" and all.

}  // namespace covfefe::cli::doctor
