// SPDX-License-Identifier: Apache-2.0
// One running service, as the kernel shows it in /proc/PID, against its policy in sandbox/: the
// same data that the service confines itself with. The service is not asked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "doctor_fds.h"
#include "doctor_report.h"
#include "os/file_facts.h"
#include "sandbox/policy.h"

namespace covfefe::cli::doctor {

enum class Launcher : std::uint8_t { Up, Systemd };

struct MappedFile {
  std::string path;
  os::FileFacts facts;
};

struct ProcessFacts {
  std::int32_t pid = 0;
  // Texts of /proc/PID; empty: not readable by this user.
  std::string status;
  std::string limits;
  std::string maps;
  std::optional<std::vector<FdFact>> fds;         // none: not readable
  std::map<std::string, std::string> namespaces;  // "net" → "net:[4026531840]"
  std::string exe;                                // link text, " (deleted)" and all
  std::vector<MappedFile> executables;            // files mapped executable, the binary too
  std::optional<std::uint32_t> proc_owner;        // of /proc/PID/maps: root unless dumpable
};

struct Expectation {
  const sandbox::Policy* policy = nullptr;
  os::Owner owner;
  std::string binary;  // where this program finds the service
  Launcher launcher = Launcher::Up;
  std::vector<std::string> apart;  // namespaces that the unit promises
  std::map<std::string, std::string> namespaces_of_init;
  FdPlace place;
};

void check_process(const ProcessFacts& seen, const Expectation& expected, Report& report);

[[nodiscard]] Launcher launcher_of(std::string_view cgroup, std::string_view service);
// From /proc/PID/cgroup: systemd puts a unit into a group of the unit's name.

}  // namespace covfefe::cli::doctor
