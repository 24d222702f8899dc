// SPDX-License-Identifier: Apache-2.0
#include "doctor_units.h"

#include <algorithm>
#include <array>

#include "shell_word.h"

namespace covfefe::cli::doctor {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

// systemd.syntax(7): 0, no, false, off and nothing at all.
bool is_no(std::string_view value) {
  constexpr std::array<std::string_view, 8> kNo = {"", "0", "no", "n", "false", "f", "off", "none"};
  return std::find(kNo.begin(), kNo.end(), value) != kNo.end();
}

// Switches that harden: a no takes a wall away.
constexpr std::array<std::string_view, 22> kSwitches = {
    "DynamicUser",          "LockPersonality",      "MemoryDenyWriteExecute",
    "NoNewPrivileges",      "PrivateDevices",       "PrivateIPC",
    "PrivateMounts",        "PrivateNetwork",       "PrivateTmp",
    "PrivateUsers",         "ProcSubset",           "ProtectClock",
    "ProtectControlGroups", "ProtectHome",          "ProtectHostname",
    "ProtectKernelLogs",    "ProtectKernelModules", "ProtectKernelTunables",
    "ProtectProc",          "ProtectSystem",        "RestrictRealtime",
    "RestrictSUIDSGID"};

// Lists that grant: any value but the empty one adds to what the unit has.
constexpr std::array<std::string_view, 17> kGrants = {
    "AmbientCapabilities",   "BindPaths",        "BindReadOnlyPaths",
    "CapabilityBoundingSet", "DeviceAllow",      "Environment",
    "EnvironmentFile",       "IPAddressAllow",   "OpenFile",
    "PassEnvironment",       "ReadWritePaths",   "RestrictAddressFamilies",
    "SupplementaryGroups",   "SystemCallFilter", "SocketGroup",
    "ExecStartPre",          "ExecPaths"};

// What the unit settles: another value is another program, user or socket owner.
constexpr std::array<std::string_view, 8> kSettled = {"ExecStart",     "Group",     "LimitCORE",
                                                      "RootDirectory", "RootImage", "SocketMode",
                                                      "SocketUser",    "User"};

template <std::size_t N>
bool has(const std::array<std::string_view, N>& list, std::string_view key) {
  return std::find(list.begin(), list.end(), key) != list.end();
}

bool weakens(const Setting& one) {
  if (has(kSwitches, one.key))
    return is_no(one.value) || one.value == "default" || one.value == "all";
  if (has(kGrants, one.key)) return !one.value.empty() && !one.value.starts_with('~');
  if (one.key == "RestrictNamespaces") return is_no(one.value);
  if (one.key == "LimitCORE") return one.value != "0";
  return has(kSettled, one.key) && !one.value.empty();
}

struct Promise {
  std::string_view key;
  std::string_view space;
};
// What systemd.exec(5) says that each needs. ProtectHome= and the like are mounts.
constexpr Promise kPromises[] = {{"PrivateNetwork", "net"},     {"PrivateUsers", "user"},
                                 {"PrivateIPC", "ipc"},         {"ProtectHostname", "uts"},
                                 {"ProtectSystem", "mnt"},      {"ProtectHome", "mnt"},
                                 {"PrivateTmp", "mnt"},         {"PrivateDevices", "mnt"},
                                 {"PrivateMounts", "mnt"},      {"ProtectKernelTunables", "mnt"},
                                 {"TemporaryFileSystem", "mnt"}};

}  // namespace

std::vector<Setting> settings_in(std::string_view unit) {
  std::vector<Setting> out;
  std::string section;
  std::string line;
  for (const std::string_view raw : lines_of(unit)) {
    const std::string_view part = trimmed(raw);
    if (part.starts_with('#') || part.starts_with(';')) continue;
    if (part.ends_with('\\')) {
      line += std::string(part.substr(0, part.size() - 1)) + " ";
      continue;
    }
    line += part;
    const std::size_t equal = line.find('=');
    if (line.starts_with('[') && line.ends_with(']')) {
      section = line.substr(1, line.size() - 2);
    } else if (equal != std::string::npos) {
      const std::string_view whole = line;
      out.push_back({section, std::string(trimmed(whole.substr(0, equal))),
                     std::string(trimmed(whole.substr(equal + 1)))});
    }
    line.clear();
  }
  return out;
}

std::vector<std::string> namespaces_promised(const std::vector<Setting>& unit) {
  std::vector<std::string> out;
  for (const Setting& one : unit) {
    if (one.section != "Service" || is_no(one.value)) continue;
    for (const Promise& promise : kPromises) {
      const bool known = std::find(out.begin(), out.end(), promise.space) != out.end();
      if (promise.key == one.key && !known) out.emplace_back(promise.space);
    }
  }
  return out;
}

void check_drop_in(const UnitFile& drop_in, Report& report) {
  for (const Setting& one : settings_in(drop_in.text)) {
    if (!weakens(one)) {
      report.fine();
      continue;
    }
    report.add({Level::Warning, "units",
                drop_in.path + " weakens its unit: " + one.key + "=" + one.value,
                "what SECURITY.md says of that service no longer holds",
                "remove the line, then systemctl daemon-reload and restart the service"});
  }
}

void check_exposure(std::string_view service, std::string_view analysis, Report& report) {
  const std::size_t line = analysis.find("exposure level for ");
  if (line == std::string_view::npos) return;
  const auto words = words_of(analysis.substr(line).substr(0, analysis.substr(line).find('\n')));
  // "exposure level for UNIT: 0.2 OK": tenths are enough.
  if (words.size() < 5 || words[4].size() < 3 || words[4].find('.') != words[4].size() - 2) return;
  std::string digits(words[4]);
  digits.erase(digits.find('.'), 1);
  const auto tenths = number_in(digits);
  const std::uint64_t most = service == "tun-helper" ? 16 : 3;
  if (!tenths || *tenths <= most) return report.fine();
  report.add({Level::Warning, "units",
              "systemd rates covfefe-" + std::string(service) + ".service " +
                  std::string(words[4]) + ", not " + std::to_string(most / 10) + "." +
                  std::to_string(most % 10) + " or less",
              "a wall that the unit brings along is missing",
              "systemctl cat covfefe-" + std::string(service) + ".service, and look for changes"});
}

void check_replacement(const std::string& path, Report& report) {
  report.add({Level::Warning, "units", path + " hides the unit that came with this program",
              "its walls are those of the copy, and upgrades do not reach it",
              "rm " + shell_word(path) +
                  ", keep changes in a drop-in (systemctl edit), systemctl daemon-reload"});
}

}  // namespace covfefe::cli::doctor
