// SPDX-License-Identifier: Apache-2.0
// Which processes are the node's, and what /proc shows of each.
#include <algorithm>
#include <filesystem>

#include "doctor_gather.h"
#include "doctor_maps.h"
#include "doctor_units.h"
#include "programs.h"
#include "sandbox/audit.h"

namespace covfefe::cli::doctor {
namespace {

constexpr std::size_t kCommBytes = 15;  // what the kernel keeps of a process's name

std::string base_of(std::string path) {
  if (const std::size_t gone = path.find(" (deleted)"); gone != std::string::npos)
    path.resize(gone);
  return path.substr(path.rfind('/') + 1);
}

std::string directory_of(const Places& places, std::int32_t pid) {
  return places.proc + "/" + std::to_string(pid);
}

std::vector<std::int32_t> processes(const Places& places) {
  std::vector<std::int32_t> out;
  const auto names = os::names_in(places.proc);
  if (!names) return out;
  for (const std::string& name : *names) {
    const auto pid = number_in(name);
    if (pid && *pid > 0 && *pid <= INT32_MAX) out.push_back(static_cast<std::int32_t>(*pid));
  }
  return out;
}

void read_sockets(const std::string& process, SocketTable& table) {
  for (const char* file : {"unix", "udp", "udp6", "tcp", "tcp6", "raw", "raw6", "icmp", "icmp6",
                           "packet", "netlink"}) {
    add_sockets(file, text_at(process + "/net/" + file), table);
  }
}

struct Candidate {
  std::int32_t pid;
  std::string exe;  // base name; empty: not shown
  std::vector<FdFact> fds;
};

using Listeners = std::map<std::uint64_t, std::string>;  // inode → service

Listeners listeners(const Layout& layout, const SocketTable& sockets) {
  Listeners out;
  for (const auto& [inode, socket] : sockets) {
    if (socket.kind != SocketKind::Unix || !socket.listens) continue;
    for (const std::string_view service : services()) {
      const std::string name(service);
      if (socket.path == layout.socket(name + ".operator")) out[inode] = name;
    }
  }
  return out;
}

bool is_launcher(const Candidate& one) {
  return one.pid == 1 || one.exe == "covfefe" || one.exe.starts_with("systemd");
}

std::string held_by(const Candidate& one, const Listeners& wanted) {
  for (const FdFact& fd : one.fds) {
    const auto found = wanted.find(socket_inode(fd.target));
    if (found != wanted.end()) return found->second;
  }
  return {};
}

void note(Census& census, const std::string& service, std::int32_t pid, Report& report) {
  for (Running& one : census.services) {
    if (one.service != service) continue;
    if (one.pid != 0) {
      report.add({Level::Failing, service,
                  "runs twice, as " + std::to_string(one.pid) + " and " + std::to_string(pid),
                  "two of them answer in turn, and both hold what is meant for one",
                  "end the older one: kill " + std::to_string(std::min(one.pid, pid))});
    }
    one.pid = std::max(one.pid, pid);
  }
}

void count(const Candidate& one, const std::string& service, Census& census, Report& report) {
  if (one.exe == "covfefe-" + service) return note(census, service, one.pid, report);
  if (is_launcher(one)) return;
  report.add({Level::Failing, service,
              "process " + std::to_string(one.pid) + " (" + (one.exe.empty() ? "?" : one.exe) +
                  ") holds its operator's socket and is not covfefe-" + service,
              "it can answer in the service's name",
              "look at it, ls -l /proc/" + std::to_string(one.pid) + "/exe, and end it: kill " +
                  std::to_string(one.pid)});
}

// Without root neither binaries nor descriptors are shown: name and user must do.
void guess(const Layout& layout, const Places& places, Census& census, Report& report) {
  for (const std::int32_t pid : processes(places)) {
    const std::string status = text_at(directory_of(places, pid) + "/status");
    for (Running& one : census.services) {
      const auto owner = os::service_user(one.service, layout.tree());
      const auto now = sandbox::parse_status(status);
      const std::string name = ("covfefe-" + one.service).substr(0, kCommBytes);
      if (!owner || !now || now->uid != owner->uid || field_in(status, "Name") != name) continue;
      one.pid = pid;
    }
  }
  report.add({Level::Unseen, "node", "which processes are the node's is guessed from their names",
              "only root sees who holds its sockets", "run as root"});
}

std::optional<std::uint32_t> owner_of(const std::string& path) {
  const auto facts = os::facts_of(path);
  return facts ? std::optional<std::uint32_t>(facts->owner.uid) : std::nullopt;
}

std::map<std::string, std::string> namespaces_at(const std::string& process) {
  std::map<std::string, std::string> out;
  const auto names = os::names_in(process + "/ns");
  if (!names) return out;
  for (const std::string& name : *names) {
    if (const auto link = os::link_text(process + "/ns/" + name)) out[name] = *link;
  }
  return out;
}

ProcessFacts facts_at(const Places& places, std::int32_t pid) {
  const std::string at = directory_of(places, pid);
  ProcessFacts out;
  out.pid = pid;
  out.status = text_at(at + "/status");
  out.limits = text_at(at + "/limits");
  out.maps = text_at(at + "/maps");
  out.fds = descriptors_of(places, pid);
  out.namespaces = namespaces_at(at);
  if (const auto exe = os::link_text(at + "/exe")) out.exe = *exe;
  out.proc_owner = owner_of(at + "/maps");
  for (const std::string& file : executable_files(out.maps)) {
    if (const auto facts = os::facts_of(file)) out.executables.push_back({file, *facts});
  }
  return out;
}

}  // namespace

std::int32_t Census::pid_of(std::string_view service) const {
  for (const Running& one : services) {
    if (one.service == service) return one.pid;
  }
  return 0;
}

std::optional<std::vector<FdFact>> descriptors_of(const Places& places, std::int32_t pid) {
  const std::string at = directory_of(places, pid) + "/fd";
  const auto names = os::names_in(at);
  if (!names) return std::nullopt;
  std::vector<FdFact> out;
  for (const std::string& name : *names) {
    const auto number = number_in(name);
    const auto target = os::link_text(at + "/" + name);
    // One that was closed meanwhile is none.
    if (number && target) out.push_back({static_cast<int>(*number), *target});
  }
  return out;
}

Census take_census(const Layout& layout, const Places& places, Report& report) {
  Census census;
  for (const std::string_view service : services())
    census.services.push_back({std::string(service), 0});
  read_sockets(places.proc + "/self", census.sockets);
  std::vector<Candidate> seen;
  std::uint32_t hidden = 0;
  for (const std::int32_t pid : processes(places)) {
    const auto fds = descriptors_of(places, pid);
    if (!fds) {
      ++hidden;
      continue;
    }
    const auto exe = os::link_text(directory_of(places, pid) + "/exe");
    seen.push_back({pid, exe ? base_of(*exe) : "", *fds});
    if (seen.back().exe.starts_with("covfefe-")) {
      read_sockets(directory_of(places, pid), census.sockets);
    }
  }
  const Listeners wanted = listeners(layout, census.sockets);
  for (const Candidate& one : seen) {
    const std::string service = held_by(one, wanted);
    if (!service.empty() && !is_launcher(one)) count(one, service, census, report);
  }
  if (hidden > seen.size()) guess(layout, places, census, report);
  return census;
}

void look_at_processes(const Layout& layout, const Places& places, const Census& census,
                       Report& report) {
  for (const sandbox::Policy* policy : sandbox::all_policies()) {
    const std::string service(policy->service);
    const std::int32_t pid = census.pid_of(service);
    const auto owner = os::service_user(service, layout.tree());
    if (pid == 0 || !owner) continue;
    Expectation expected;
    expected.policy = policy;
    expected.owner = *owner;
    if (const auto binary = binary_of(service)) {
      expected.binary = std::filesystem::weakly_canonical(*binary).string();
    }
    expected.launcher = launcher_of(text_at(directory_of(places, pid) + "/cgroup"), service);
    if (expected.launcher == Launcher::Systemd) {
      expected.apart =
          namespaces_promised(settings_in(unit_text(layout, "covfefe-" + service + ".service")));
      expected.namespaces_of_init = namespaces_at(places.proc + "/1");
    }
    expected.place = {&census.sockets, layout.path("var/lib/covfefe/" + service)};
    const ProcessFacts seen = facts_at(places, pid);
    // It ended while it was looked at: the next look finds its successor.
    if (!os::facts_of(directory_of(places, pid))) continue;
    check_process(seen, expected, report);
  }
}

}  // namespace covfefe::cli::doctor
