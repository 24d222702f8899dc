// SPDX-License-Identifier: Apache-2.0
#include "doctor_host.h"

#include <algorithm>

namespace covfefe::cli::doctor {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kReleased = 1'793'491'200;     // 1 November 2026
constexpr std::int64_t kImplausible = 4'102'444'800;  // 1 January 2100
constexpr std::uint64_t kScarce = 256ULL << 20;       // a month of a busy node's measurements
constexpr std::uint64_t kExhausted = 16ULL << 20;     // less than one backup of a large database
constexpr std::uint64_t kScarceFiles = 100;

std::optional<Finding> scarce(const StorageFacts& seen) {
  if (!seen.space) return std::nullopt;
  if (seen.space->read_only) {
    return Finding{Level::Failing, "storage", seen.directory + " is mounted read-only",
                   "neither keys nor friends can be changed",
                   "look for errors of the disk (dmesg), then mount -o remount,rw"};
  }
  const std::uint64_t bytes = seen.space->bytes;
  const bool few_files = seen.space->counts_files && seen.space->files < kScarceFiles;
  if (bytes >= kScarce && !few_files) return std::nullopt;
  return Finding{bytes < kExhausted || few_files ? Level::Failing : Level::Warning, "storage",
                 "the volume of " + seen.directory + " has " + std::to_string(bytes >> 20) +
                     " MiB and " + std::to_string(seen.space->files) + " files left",
                 "a full disk refuses new friends, backups and measurements",
                 "du -xh --max-depth=2 " + seen.directory + ", and make room"};
}

}  // namespace

void check_storage(const StorageFacts& seen, Report& report) {
  std::optional<Finding> finding;
  if (!seen.verdict.encrypted) {
    finding =
        Finding{seen.required ? Level::Failing : Level::Warning, "storage", seen.verdict.reason,
                "whoever takes the disk reads friends and endpoints, and has the key file",
                seen.verdict.fix};
  }
  report.judge(std::move(finding));
  report.judge(scarce(seen));
}

std::vector<std::string> swaps_in(std::string_view proc_swaps) {
  std::vector<std::string> out;
  for (const std::string_view line : lines_of(proc_swaps)) {
    const auto words = words_of(line);
    // The head begins with "Filename"; a blank in a name is written as \040, which no device has.
    if (words.size() > 1 && words[0].starts_with('/')) out.emplace_back(words[0]);
  }
  return out;
}

void check_swap(const std::vector<SwapFact>& swaps, Report& report) {
  for (const SwapFact& swap : swaps) {
    if (swap.cover != Cover::None) {
      report.fine();
      continue;
    }
    report.add({Level::Warning, "swap", swap.path + " is swap that is not encrypted",
                "the keystore locks its keys in memory; what other services hold, session keys and "
                "traffic, can reach the disk",
                "swapoff " + swap.path + ", and encrypt it: crypttab(5), options swap"});
  }
  if (swaps.empty()) report.fine();
}

void check_hibernation(const HibernationFacts& seen, Report& report) {
  const auto words = words_of(std::string_view(seen.states).substr(0, seen.states.find('\n')));
  const bool can = std::find(words.begin(), words.end(), "disk") != words.end();
  const std::string_view resume = std::string_view(seen.resume).substr(0, seen.resume.find('\n'));
  const bool is_set = !resume.empty() && resume != "0:0";
  // A fresh key at each boot could not be resumed from: only LUKS covers an image.
  if (!can || !is_set || seen.cover == Cover::Luks) return report.fine();
  report.add({Level::Warning, "swap",
              "hibernation is set up on device " + std::string(resume) + ", which is not on LUKS",
              "hibernation writes all memory to the disk, locked keys too",
              "systemctl mask hibernate.target hybrid-sleep.target suspend-then-hibernate.target"});
}

void check_clock(const ClockFacts& seen, Report& report) {
  std::optional<Finding> plausible;
  if (seen.now < kReleased || seen.now > kImplausible) {
    plausible = Finding{Level::Failing, "clock",
                        "the clock says " + std::to_string(seen.now) +
                            " s since 1970: before this program was written, or after 2100",
                        "handshakes carry the time: friends refuse one that lies before the last",
                        "timedatectl set-ntp true, or date -s"};
  }
  report.judge(std::move(plausible));
  std::optional<Finding> synchronised;
  if (seen.discipline == os::ClockDiscipline::Free) {
    synchronised = Finding{Level::Warning, "clock", "no time service keeps the clock",
                           "a clock that jumps back delays handshakes; times of promises drift",
                           "apt-get install systemd-timesyncd, or chrony; timedatectl status"};
  }
  report.judge(std::move(synchronised));
  const auto rtc =
      number_in(std::string_view(seen.rtc_seconds).substr(0, seen.rtc_seconds.find('\n')));
  if (!rtc) return;
  const std::int64_t apart = static_cast<std::int64_t>(*rtc) - seen.now;
  if (apart > -kDay && apart < kDay) return report.fine();
  report.add({Level::Warning, "clock",
              "the hardware clock is " + std::to_string(apart / kDay) + " days away",
              "after a boot without network the node starts with that time",
              "hwclock --systohc, and look at the battery"});
}

void check_cores(const CoreFacts& seen, Report& report) {
  // Limit and dumpable flag of each service are looked at there. The pattern only matters where
  // they fail: a pipe takes cores whatever the limit says.
  const bool pipe = seen.pattern.starts_with('|');
  const bool all = seen.suid_dumpable.starts_with('1');
  if (!all) return report.fine();
  report.add({Level::Warning, "cores",
              std::string("fs.suid_dumpable is 1: processes that changed their user leave cores") +
                  (pipe ? ", by " + seen.pattern.substr(0, seen.pattern.find('\n')) : ""),
              "a service that crashes before it is jailed could leave keys in a file",
              "sysctl -w fs.suid_dumpable=0"});
}

}  // namespace covfefe::cli::doctor
