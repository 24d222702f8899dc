// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "doctor_host.h"
#include "os/udp.h"
#include "wire/limits.h"

namespace covfefe::cli::doctor {
namespace {

constexpr std::uint64_t kIpAndUdp = 48;  // headers of IPv6 and UDP
constexpr std::uint64_t kLeastWay = wire::kLargeDatagram + kIpAndUdp;

void check_device(const NetworkFacts& seen, Report& report) {
  const std::string& name = seen.config.tun.name;
  std::optional<Finding> finding;
  if (!seen.tun_mtu) {
    finding = Finding{Level::Failing, "network", "there is no device " + name,
                      "applications reach nobody",
                      "covfefe inspect tun-helper; is tun.name in covfefenet.yaml right?"};
  } else if (*seen.tun_mtu != wire::kTunMtu) {
    finding = Finding{Level::Warning, "network",
                      name + " has MTU " + std::to_string(*seen.tun_mtu) + ", not " +
                          std::to_string(wire::kTunMtu),
                      "one packet fits into one cell: larger ones are refused",
                      "ip link set " + name + " mtu " + std::to_string(wire::kTunMtu)};
  }
  report.judge(std::move(finding));
}

void check_ways(const NetworkFacts& seen, Report& report) {
  for (const DeviceMtu& way : seen.ways) {
    if (way.mtu >= kLeastWay) {
      report.fine();
      continue;
    }
    report.add({Level::Warning, "network",
                way.device + " has MTU " + std::to_string(way.mtu) + ", less than " +
                    std::to_string(kLeastWay),
                "large cells do not fit: friends behind it are served in small ones, slower",
                "ip link set " + way.device + " mtu 1500, if the network there carries it"});
  }
}

std::uint64_t drops_of(const NetworkFacts& seen) {
  std::uint64_t drops = 0;
  for (const SocketFact& socket : seen.wire) drops += socket.drops;
  return drops;
}

void check_buffers(const NetworkFacts& seen, Report& report) {
  const std::uint64_t drops = drops_of(seen);
  if (drops == 0) return report.fine();
  const auto most = number_in(std::string_view(seen.rmem_max).substr(0, seen.rmem_max.find('\n')));
  const bool cut = most && *most < static_cast<std::uint64_t>(os::kUdpBufferBytes);
  report.add({cut ? Level::Warning : Level::Note, "network",
              "the kernel dropped " + std::to_string(drops) +
                  " datagrams because a receive buffer was full" +
                  (cut ? "; net.core.rmem_max is " + std::to_string(*most) : ""),
              "datagrams that are dropped here cost retries",
              cut ? "sysctl -w net.core.rmem_max=" + std::to_string(os::kUdpBufferBytes) +
                        ", then restart the node"
                  : ""});
}

void check_ports(const NetworkFacts& seen, Report& report) {
  if (seen.wire.empty()) return;
  std::vector<std::uint16_t> wanted = {seen.config.listen.control.port};
  for (const Endpoint& data : seen.config.listen.data) wanted.push_back(data.port);
  for (const std::uint16_t port : wanted) {
    const bool bound = std::any_of(seen.wire.begin(), seen.wire.end(),
                                   [port](const SocketFact& s) { return s.port == port; });
    if (bound) {
      report.fine();
      continue;
    }
    report.add({Level::Failing, "network",
                "the router has no socket on port " + std::to_string(port) +
                    ", which covfefenet.yaml names under listen",
                "cards tell friends a port where nobody listens",
                "systemctl edit covfefe-wire-control.socket (and data0, data1), or correct the "
                "file; then restart the node"});
  }
}

}  // namespace

std::vector<std::string> route_devices(std::string_view ipv4, std::string_view ipv6) {
  std::vector<std::string> out;
  const auto add = [&out](std::string_view device) {
    if (device == "lo" || device == "Iface") return;
    if (std::find(out.begin(), out.end(), device) == out.end()) out.emplace_back(device);
  };
  for (const std::string_view line : lines_of(ipv4)) {
    if (const auto words = words_of(line); words.size() > 7) add(words[0]);
  }
  for (const std::string_view line : lines_of(ipv6)) {
    if (const auto words = words_of(line); words.size() > 9) add(words[9]);
  }
  return out;
}

void check_network(const NetworkFacts& seen, Report& report) {
  check_device(seen, report);
  check_ways(seen, report);
  check_buffers(seen, report);
  check_ports(seen, report);
}

}  // namespace covfefe::cli::doctor
