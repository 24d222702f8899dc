// SPDX-License-Identifier: Apache-2.0
// Reads what the rules judge: /proc, /sys, the node's files. All paths come from Places, so that
// tests can show it another machine.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "doctor_process.h"
#include "doctor_report.h"
#include "layout.h"

namespace covfefe::cli::doctor {

struct Places {
  std::string proc = "/proc";
  std::string sys = "/sys";
  std::string dpkg = "/var/lib/dpkg/status";
};

struct Running {
  std::string service;
  std::int32_t pid = 0;  // 0: it does not run
};

struct Census {
  std::vector<Running> services;  // one each, in the order of services()
  SocketTable sockets;            // of every network namespace that a service lives in

  [[nodiscard]] std::int32_t pid_of(std::string_view service) const;
};

[[nodiscard]] Census take_census(const Layout& layout, const Places& places, Report& report);
// A service is the process that holds its operator's listening socket, and runs a binary of its
// name. Others that hold that socket are findings, launchers excepted.

void look_at_processes(const Layout& layout, const Places& places, const Census& census,
                       Report& report);
void look_at_files(const Layout& layout, const Census& census, Report& report);
void look_at_host(const Places& places, Report& report);
void look_at_storage(const Layout& layout, const Places& places, const config::Config& config,
                     Report& report);
struct Node {
  const config::Config& config;
  const Census& census;
};
void look_at_network(const Places& places, const Node& node, Report& report);
void look_at_units(const Layout& layout, Report& report);

[[nodiscard]] std::optional<std::vector<FdFact>> descriptors_of(const Places& places,
                                                                std::int32_t pid);
// Nothing when they are not shown to this user.
[[nodiscard]] std::string unit_text(const Layout& layout, const std::string& unit);
// Of the first folder that has it, as systemd looks for it; empty: none.
[[nodiscard]] std::string text_at(const std::string& path);
// Empty when it cannot be read.

}  // namespace covfefe::cli::doctor
