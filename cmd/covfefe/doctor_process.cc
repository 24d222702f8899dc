// SPDX-License-Identifier: Apache-2.0
#include "doctor_process.h"

#include <algorithm>

#include "doctor_maps.h"
#include "sandbox/audit.h"

namespace covfefe::cli::doctor {
namespace {

struct Subject {
  const ProcessFacts& seen;
  const Expectation& expected;

  [[nodiscard]] std::string area() const { return std::string(expected.policy->service); }
  [[nodiscard]] std::string restart() const {
    return expected.launcher == Launcher::Systemd
               ? "systemctl restart covfefe-" + area() + ".service"
               : "kill " + std::to_string(seen.pid) + "  (covfefe up starts it again)";
  }
  [[nodiscard]] Finding fails(std::string what, std::string why) const {
    return {Level::Failing, area(), std::move(what), std::move(why), restart()};
  }
};

std::string hex(std::uint64_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (; value != 0; value >>= 4) out.insert(out.begin(), kDigits[value & 15]);
  return out.empty() ? "0" : out;
}

std::uint64_t wanted_capabilities(const sandbox::Policy& policy) {
  std::uint64_t wanted = 0;
  for (const auto& one : policy.capabilities) wanted |= std::uint64_t{1} << one.number;
  return wanted;
}

void check_user(const Subject& it, const sandbox::ProcessStatus& now, Report& report) {
  const os::Owner& owner = it.expected.owner;
  const std::string name(it.expected.policy->user.name);
  std::optional<Finding> user;
  if (!now.one_uid || now.uid != owner.uid) {
    user = it.fails("runs as uid " + std::to_string(now.uid) + ", not as " + name + " (" +
                        std::to_string(owner.uid) + ")",
                    "the kernel tells services apart by their users: each may open only its own");
  }
  report.judge(std::move(user));
  std::optional<Finding> groups;
  if (!now.one_gid || now.gid != owner.gid || !now.no_groups) {
    groups = it.fails(
        "is in other groups than its own: " + std::string(field_in(it.seen.status, "Gid")) + " / " +
            std::string(field_in(it.seen.status, "Groups")),
        "a group opens files and sockets that are not this service's");
  }
  report.judge(std::move(groups));
}

void check_capabilities(const Subject& it, const sandbox::ProcessStatus& now, Report& report) {
  const std::uint64_t wanted = wanted_capabilities(*it.expected.policy);
  struct Set {
    const char* name;
    std::uint64_t has;
    std::uint64_t may;
  };
  const Set sets[] = {{"inheritable", now.inheritable, 0},
                      {"permitted", now.permitted, wanted},
                      {"effective", now.effective, wanted},
                      {"bounding", now.bounding, wanted},
                      {"ambient", now.ambient, 0}};
  for (const Set& set : sets) {
    std::optional<Finding> finding;
    if ((set.has & ~set.may) != 0) {
      finding = it.fails(std::string("has ") + set.name + " capabilities 0x" +
                             hex(set.has & ~set.may) + " that its policy does not list",
                         "whoever takes this process over could use them (capabilities(7))");
    }
    report.judge(std::move(finding));
  }
}

void check_walls(const Subject& it, const sandbox::ProcessStatus& now, Report& report) {
  constexpr std::uint32_t kFilterMode = 2;
  std::optional<Finding> privileges;
  if (now.no_new_privs != 1) {
    privileges = it.fails("may gain privileges (NoNewPrivs is 0)",
                          "a set-user-id program would lift it out of its jail");
  }
  report.judge(std::move(privileges));
  std::optional<Finding> filter;
  const auto filters = number_in(field_in(it.seen.status, "Seccomp_filters"));
  // The unit loads its own; a kernel before 5.9 does not say how many there are.
  const std::uint64_t least = it.expected.launcher == Launcher::Systemd ? 2 : 1;
  if (now.seccomp != kFilterMode) {
    filter = it.fails("has no system call filter (Seccomp is " + std::to_string(now.seccomp) + ")",
                      "every system call of the kernel is open to whoever takes it over");
  } else if (filters && *filters < least) {
    filter = it.fails("has " + std::to_string(*filters) + " system call filter, not " +
                          std::to_string(least) + ": its own and its unit's",
                      "one of the two walls is missing");
  }
  report.judge(std::move(filter));
  std::optional<Finding> traced;
  const auto tracer = number_in(field_in(it.seen.status, "TracerPid"));
  if (tracer && *tracer != 0) {
    traced = it.fails("is traced by process " + std::to_string(*tracer),
                      "a tracer reads and changes all of its memory");
    traced->fix = "end the tracer: kill " + std::to_string(*tracer);
  }
  report.judge(std::move(traced));
}

void check_dumpable(const Subject& it, Report& report) {
  // Of root's own process the owner says nothing.
  if (!it.seen.proc_owner || it.expected.owner.uid == 0) return;
  std::optional<Finding> finding;
  if (*it.seen.proc_owner != 0) {
    finding =
        it.fails("is dumpable: /proc/" + std::to_string(it.seen.pid) + " belongs to uid " +
                     std::to_string(*it.seen.proc_owner),
                 "other processes of its user may read its memory, and a crash leaves a core");
  }
  report.judge(std::move(finding));
}

void check_namespaces(const Subject& it, Report& report) {
  for (const std::string& kind : it.expected.apart) {
    const auto own = it.seen.namespaces.find(kind);
    const auto first = it.expected.namespaces_of_init.find(kind);
    if (own == it.seen.namespaces.end() || first == it.expected.namespaces_of_init.end()) {
      return report.add({Level::Unseen, it.area(), "its " + kind + " namespace is not shown",
                         "the unit promises that and others of its own", "run as root"});
    }
    std::optional<Finding> finding;
    if (own->second == first->second) {
      finding = it.fails("shares the " + kind + " namespace of the host, which its unit separates",
                         "it sees more of the machine than it needs");
      finding->fix = "systemctl daemon-reload && " + it.restart();
    }
    report.judge(std::move(finding));
  }
}

struct LimitName {
  std::string_view policy;
  std::string_view proc;  // how /proc/PID/limits calls it
};
constexpr LimitName kLimitNames[] = {
    {"RLIMIT_AS", "Max address space"},
    {"RLIMIT_CORE", "Max core file size"},
    {"RLIMIT_CPU", "Max cpu time"},
    {"RLIMIT_DATA", "Max data size"},
    {"RLIMIT_FSIZE", "Max file size"},
    {"RLIMIT_LOCKS", "Max file locks"},
    {"RLIMIT_MEMLOCK", "Max locked memory"},
    {"RLIMIT_MSGQUEUE", "Max msgqueue size"},
    {"RLIMIT_NICE", "Max nice priority"},
    {"RLIMIT_NOFILE", "Max open files"},
    {"RLIMIT_NPROC", "Max processes"},
    {"RLIMIT_RSS", "Max resident set"},
    {"RLIMIT_RTPRIO", "Max realtime priority"},
    {"RLIMIT_RTTIME", "Max realtime timeout"},
    {"RLIMIT_SIGPENDING", "Max pending signals"},
    {"RLIMIT_STACK", "Max stack size"},
};

struct Limits {
  std::string_view soft;
  std::string_view hard;
};

std::optional<Limits> limits_in(std::string_view text, std::string_view name) {
  for (std::string_view line : lines_of(text)) {
    if (!line.starts_with(name)) continue;
    const auto words = words_of(line.substr(name.size()));
    if (words.size() < 2) return std::nullopt;
    return Limits{words[0], words[1]};
  }
  return std::nullopt;
}

void check_limits(const Subject& it, Report& report) {
  for (const sandbox::Limit& limit : it.expected.policy->limits) {
    const auto known = std::find_if(std::begin(kLimitNames), std::end(kLimitNames),
                                    [&](const LimitName& n) { return n.policy == limit.name; });
    if (known == std::end(kLimitNames)) continue;
    const auto seen = limits_in(it.seen.limits, known->proc);
    if (!seen) continue;
    const auto hard = number_in(seen->hard);  // "unlimited" is no number
    std::optional<Finding> finding;
    if (!hard || *hard > limit.value) {
      finding = it.fails(std::string(limit.name) + " is " + std::string(seen->hard) + ", not " +
                             std::to_string(limit.value),
                         std::string(limit.why.text()));
    }
    report.judge(std::move(finding));
  }
  if (it.area() != "keystore") return;
  constexpr std::uint64_t kLeastLocked = 1 << 20;  // the pool of all friends' keys and its guards
  const auto locked = limits_in(it.seen.limits, "Max locked memory");
  const auto soft = locked ? number_in(locked->soft) : std::nullopt;
  if (!soft || *soft >= kLeastLocked) return report.fine();
  report.add({Level::Warning, it.area(), "may lock only " + std::to_string(*soft) + " bytes",
              "keys that cannot be locked are refused, since they could reach the swap",
              "raise LimitMEMLOCK= of covfefe-keystore.service, or ulimit -l, to 8 MiB"});
}

}  // namespace

void check_process(const ProcessFacts& seen, const Expectation& expected, Report& report) {
  const Subject it{seen, expected};
  const auto now = sandbox::parse_status(seen.status);
  if (!now) {
    report.add({Level::Unseen, it.area(),
                "/proc/" + std::to_string(seen.pid) + "/status is not shown to this user",
                "user, capabilities and filter of the process stay unknown", "run as root"});
    return;
  }
  check_user(it, *now, report);
  check_capabilities(it, *now, report);
  check_walls(it, *now, report);
  check_dumpable(it, report);
  check_limits(it, report);
  check_namespaces(it, report);
  if (!seen.fds || seen.maps.empty()) {
    report.add({Level::Unseen, it.area(), "its descriptors and mappings are shown to root only",
                "files and sockets that it holds stay unknown", "run as root"});
    return;
  }
  check_fds({it.area(), seen.pid, *seen.fds, expected.place}, report);
  check_maps({it.area(), seen.maps, seen.exe, expected.binary, it.restart(), seen.executables},
             report);
}

Launcher launcher_of(std::string_view cgroup, std::string_view service) {
  const std::string unit = "/covfefe-" + std::string(service) + ".service";
  for (const std::string_view line : lines_of(cgroup)) {
    if (line.ends_with(unit)) return Launcher::Systemd;
  }
  return Launcher::Up;
}

}  // namespace covfefe::cli::doctor
