// SPDX-License-Identifier: Apache-2.0
// The systemd units of a node as they lie on disk: what they promise, and what an operator's
// drop-ins take away from it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "doctor_report.h"

namespace covfefe::cli::doctor {

struct Setting {
  std::string section;  // "Service"
  std::string key;
  std::string value;
};
[[nodiscard]] std::vector<Setting> settings_in(std::string_view unit);
// Lines that a backslash continues are one; comments are left out.

[[nodiscard]] std::vector<std::string> namespaces_promised(const std::vector<Setting>& unit);
// As /proc/PID/ns calls them: "mnt", "net", "user", "ipc", "uts", "cgroup".

struct UnitFile {
  std::string path;
  std::string text;
};
void check_drop_in(const UnitFile& drop_in, Report& report);
// A file of UNIT.d: warns of each setting that weakens the unit.
void check_exposure(std::string_view service, std::string_view analysis, Report& report);
// analysis: what "systemd-analyze security UNIT" prints; nothing is said when it has no number.
void check_replacement(const std::string& path, Report& report);
// A whole unit in /etc or /run that hides the installed one.

}  // namespace covfefe::cli::doctor
