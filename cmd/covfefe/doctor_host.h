// SPDX-License-Identifier: Apache-2.0
// What the machine around a node does to it: disks, swap, clock, network, crash dumps.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "doctor_fds.h"
#include "doctor_report.h"
#include "os/block_stack.h"
#include "os/file_facts.h"

namespace covfefe::cli::doctor {

struct StorageFacts {
  std::string directory;
  bool required = true;  // storage.require_luks
  os::BlockVerdict verdict;
  std::optional<os::Space> space;
};
void check_storage(const StorageFacts& seen, Report& report);

enum class Cover : std::uint8_t { Luks, Plain, Memory, None };
// Plain: dm-crypt without a header, as crypttab(5) makes swap with a fresh key at each boot.
// Memory: zram.
struct SwapFact {
  std::string path;
  Cover cover = Cover::None;
};
[[nodiscard]] std::vector<std::string> swaps_in(std::string_view proc_swaps);
void check_swap(const std::vector<SwapFact>& swaps, Report& report);

struct HibernationFacts {
  std::string states;  // /sys/power/state
  std::string resume;  // /sys/power/resume, "8:3"; "0:0": none
  Cover cover = Cover::None;
};
void check_hibernation(const HibernationFacts& seen, Report& report);

struct ClockFacts {
  std::int64_t now = 0;  // seconds since 1970
  std::optional<os::ClockDiscipline> discipline;
  std::string rtc_seconds;  // /sys/class/rtc/rtc0/since_epoch; empty: no such clock
};
void check_clock(const ClockFacts& seen, Report& report);

struct DeviceMtu {
  std::string device;
  std::uint64_t mtu = 0;
};
struct NetworkFacts {
  config::Config config;
  std::optional<std::uint64_t> tun_mtu;  // none: no such device
  std::vector<DeviceMtu> ways;           // devices that carry routes, not the TUN device
  std::string rmem_max;                  // /proc/sys/net/core/rmem_max
  std::vector<SocketFact> wire;          // UDP sockets that the router holds
};
void check_network(const NetworkFacts& seen, Report& report);
// Of a node that runs.
[[nodiscard]] std::vector<std::string> route_devices(std::string_view ipv4, std::string_view ipv6);
// From /proc/net/route and /proc/net/ipv6_route; each once, without lo.

struct CoreFacts {
  std::string pattern;        // /proc/sys/kernel/core_pattern
  std::string suid_dumpable;  // /proc/sys/fs/suid_dumpable
};
void check_cores(const CoreFacts& seen, Report& report);

}  // namespace covfefe::cli::doctor
