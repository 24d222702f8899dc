// SPDX-License-Identifier: Apache-2.0
#include "doctor_packages.h"

#include <algorithm>
#include <map>

namespace covfefe::cli::doctor {
namespace {

struct Wanted {
  std::string_view package;
  std::string_view least;
  std::string_view why;
};
constexpr Wanted kWanted[] = {
    {"libcap-ng0", "0.8.3-1", "the first release that this program was tested with"},
    {"libcapnp-0.9.2", "0.9.2-1", "a peer could make it read out of bounds (CVE-2022-46149)"},
    {"libevent-core-2.1-7", "2.1.12-stable-8+deb12u1",
     "eight faults mended in 2026 (CVE-2026-63379 and others)"},
    {"libseccomp2", "2.5.4-1+deb12u1", "knows the system calls of newer kernels"},
    {"libsodium23", "1.0.18-1+deb12u1", "points of small order were accepted (CVE-2025-69277)"},
    {"libsqlite3-0", "3.40.1-2+deb12u2",
     "memory error on hostile statements (CVE-2025-6965), wrong results of IS NULL"},
    {"libyaml-0-2", "0.2.5-1", "the first release that this program was tested with"},
};

bool is_wanted(std::string_view package) {
  return std::any_of(std::begin(kWanted), std::end(kWanted),
                     [package](const Wanted& one) { return one.package == package; });
}

using Versions = std::map<std::string_view, std::string_view>;

Versions installed(std::string_view dpkg_status) {
  Versions out;
  std::string_view package;
  bool is_installed = false;
  for (const std::string_view line : lines_of(dpkg_status)) {
    if (line.starts_with("Package: ")) {
      package = line.substr(9);
      is_installed = false;
    } else if (line.starts_with("Status: ")) {
      is_installed = line.ends_with(" installed");
    } else if (line.starts_with("Version: ") && is_installed && is_wanted(package)) {
      out[package] = line.substr(9);
    }
  }
  return out;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// '~' sorts before the end, letters before everything else.
int weight(std::string_view text) {
  if (text.empty() || is_digit(text[0])) return 0;
  const char c = text[0];
  if (c == '~') return -1;
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter ? c : c + 256;
}

std::string_view take_digits(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

int compare_part(std::string_view one, std::string_view other) {
  while (!one.empty() || !other.empty()) {
    while ((!one.empty() && !is_digit(one[0])) || (!other.empty() && !is_digit(other[0]))) {
      if (const int by = weight(one) - weight(other); by != 0) return by;
      one.remove_prefix(1);
      other.remove_prefix(1);
    }
    const std::string_view left = take_digits(one);
    const std::string_view right = take_digits(other);
    if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
    if (const int by = left.compare(right); by != 0) return by;
  }
  return 0;
}

struct Version {
  std::uint64_t epoch = 0;
  std::string_view upstream;
  std::string_view revision;
};

Version split(std::string_view text) {
  Version out;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    out.epoch = number_in(text.substr(0, colon)).value_or(0);
    text.remove_prefix(colon + 1);
  }
  const std::size_t dash = text.rfind('-');
  out.upstream = text.substr(0, dash);
  if (dash != std::string_view::npos) out.revision = text.substr(dash + 1);
  return out;
}

}  // namespace

int compare_versions(std::string_view one, std::string_view other) {
  const Version left = split(one);
  const Version right = split(other);
  if (left.epoch != right.epoch) return left.epoch < right.epoch ? -1 : 1;
  const int upstream = compare_part(left.upstream, right.upstream);
  return upstream != 0 ? upstream : compare_part(left.revision, right.revision);
}

void check_packages(std::string_view dpkg_status, Report& report) {
  const Versions versions = installed(dpkg_status);
  for (const Wanted& wanted : kWanted) {
    const auto found = versions.find(wanted.package);
    if (found == versions.end()) continue;
    if (compare_versions(found->second, wanted.least) >= 0) {
      report.fine();
      continue;
    }
    const std::string package(wanted.package);
    report.add({Level::Warning, "packages",
                package + " is " + std::string(found->second) + ", older than " +
                    std::string(wanted.least),
                std::string(wanted.why),
                "apt-get update && apt-get install --only-upgrade " + package});
  }
}

std::string versions_in(std::string_view dpkg_status) {
  std::string out;
  for (const auto& [package, version] : installed(dpkg_status))
    out += std::string(package) + " " + std::string(version) + "\n";
  return out;
}

}  // namespace covfefe::cli::doctor
