// SPDX-License-Identifier: Apache-2.0
#include "doctor_fds.h"

#include <algorithm>
#include <array>
#include <optional>

#include "sandbox/policy.h"

namespace covfefe::cli::doctor {
namespace {

enum class Kind : std::uint8_t {
  Null,
  Log,
  Event,
  Pipe,
  Status,
  Mounts,
  Memory,
  Tun,
  State,
  Unix,
  Udp,
  Netlink
};

// What sandbox/ lets a service open or inherit, with room for every connection and watch. A service
// that is not listed for a kind must not hold one. "" stands for all services.
struct Allowance {
  std::string_view service;
  Kind kind;
  std::size_t most;
};
constexpr Allowance kAllowed[] = {
    {"", Kind::Null, 3},        // standard input
    {"", Kind::Log, 2},         // standard output and error, whatever they are
    {"", Kind::Event, 32},      // eventfd, epoll, signalfd, timerfd
    {"", Kind::Status, 1},      // the jail reads itself back
    {"", Kind::Unix, 128},      // edges, connections of the operator, sd_notify
    {"router", Kind::Pipe, 4},  // the data thread's signals
    {"router", Kind::Udp, 3},   // receives
    {"router", Kind::Tun, 1},
    {"router", Kind::Memory, 8},  // rings
    {"shaper", Kind::Pipe, 4},
    {"shaper", Kind::Udp, 3},  // sends
    {"shaper", Kind::Memory, 8},
    {"keystore", Kind::State, 3},   // directory, file, its successor
    {"keystore", Kind::Mounts, 1},  // is the volume still there
    {"peerdb", Kind::Mounts, 1},
    {"peerdb", Kind::State, 8},  // database, log, backups
    {"tun-helper", Kind::Tun, 1},
    {"tun-helper", Kind::Netlink, 1},
};

const char* name_of(SocketKind kind) {
  switch (kind) {
    case SocketKind::Unix:
      break;
    case SocketKind::Udp:
      return "a UDP socket";
    case SocketKind::Tcp:
      return "a TCP socket";
    case SocketKind::Raw:
      return "a raw socket";
    case SocketKind::Packet:
      return "a packet socket";
    case SocketKind::Netlink:
      return "a netlink socket";
  }
  return "a Unix socket";
}

const SocketFact* socket_of(const FdFact& fd, const FdPlace& place) {
  const std::uint64_t inode = socket_inode(fd.target);
  if (inode == 0 || place.sockets == nullptr) return nullptr;
  const auto found = place.sockets->find(inode);
  return found == place.sockets->end() ? nullptr : &found->second;
}

std::optional<Kind> kind_of_socket(const SocketFact& socket) {
  if (socket.kind == SocketKind::Unix) return Kind::Unix;
  if (socket.kind == SocketKind::Udp) return Kind::Udp;
  if (socket.kind == SocketKind::Netlink) return Kind::Netlink;
  return std::nullopt;
}

// A root that is closed to others is shown to the services elsewhere; the kernel then names files
// from the mount's own top.
bool is_state(const FdQuestion& it, std::string_view target) {
  const std::string& directory = it.place.state;
  const std::string shown = "/var/lib/covfefe/" + it.service;
  for (const std::string_view base : {std::string_view(directory), std::string_view(shown)}) {
    if (base.empty() || !target.starts_with(base)) continue;
    if (target.size() == base.size() || target[base.size()] == '/') return true;
  }
  return false;
}

std::optional<Kind> kind_of(const FdQuestion& it, const FdFact& fd) {
  const std::string_view target = fd.target;
  if (const SocketFact* socket = socket_of(fd, it.place)) {
    const bool stream_to_journal = fd.number <= 2 && socket->kind == SocketKind::Unix;
    return stream_to_journal ? Kind::Log : kind_of_socket(*socket);
  }
  if (socket_inode(target) != 0) return std::nullopt;
  if (target == "/dev/null") return Kind::Null;
  if (fd.number == 1 || fd.number == 2) return Kind::Log;
  for (const char* event : {"[eventfd]", "[eventpoll]", "[signalfd]", "[timerfd]"}) {
    if (target == std::string("anon_inode:") + event) return Kind::Event;
  }
  if (target.starts_with("pipe:[")) return Kind::Pipe;
  const std::string process = "/proc/" + std::to_string(it.pid);
  if (target == process + "/status") return Kind::Status;
  if (target == process + "/mountinfo") return Kind::Mounts;
  if (target.starts_with("/memfd:covfefe-")) return Kind::Memory;
  if (target == "/dev/net/tun") return Kind::Tun;
  if (is_state(it, target)) return Kind::State;
  return std::nullopt;
}

std::size_t most_of(std::string_view service, Kind kind) {
  for (const Allowance& one : kAllowed) {
    if (one.kind == kind && (one.service.empty() || one.service == service)) return one.most;
  }
  return 0;
}

std::string text_of(const FdQuestion& it, const FdFact& fd) {
  const SocketFact* socket = socket_of(fd, it.place);
  const std::string number = "descriptor " + std::to_string(fd.number);
  if (socket != nullptr) return number + ", " + name_of(socket->kind);
  if (socket_inode(fd.target) != 0) return number + ", a socket of a kind that no table names";
  return number + ", " + fd.target;
}

Finding foreign(const FdQuestion& it, const FdFact& fd) {
  return {Level::Failing, it.service, "holds " + text_of(it, fd) + ", which it has no use for",
          "an open descriptor is a permission that neither user nor filter takes back",
          "find out who gave it, ls -l /proc/" + std::to_string(it.pid) + "/fd, and restart it"};
}

// The filter of router and shaper tells UDP sockets from others by their number.
void check_wall(const FdQuestion& it, Report& report) {
  if (it.service != "router" && it.service != "shaper") return;
  for (const FdFact& fd : it.fds) {
    const SocketFact* socket = socket_of(fd, it.place);
    const bool udp = socket != nullptr && socket->kind == SocketKind::Udp;
    if (udp == (static_cast<std::uint64_t>(fd.number) >= sandbox::kUdpFdWall)) continue;
    report.add(
        {Level::Failing, it.service,
         "has " + text_of(it, fd) + " on the wrong side of " + std::to_string(sandbox::kUdpFdWall),
         "its filter tells UDP sockets by their number: this one escapes it",
         "restart it; if that does not help, report it as SECURITY.md says"});
    return;
  }
  report.fine();
}

std::optional<std::uint64_t> inode_in(const std::vector<std::string_view>& words, std::size_t at) {
  return at < words.size() ? number_in(words[at]) : std::nullopt;
}

void add_unix(const std::vector<std::string_view>& words, SocketTable& table) {
  // Num RefCount Protocol Flags Type St Inode Path
  constexpr std::uint64_t kListens = 0x10000;  // __SO_ACCEPTCON
  const auto inode = inode_in(words, 6);
  const auto flags = words.size() > 3 ? number_in(words[3], 16) : std::nullopt;
  if (!inode || !flags) return;
  SocketFact fact;
  fact.listens = (*flags & kListens) != 0;
  if (words.size() > 7) fact.path = words[7];
  table[*inode] = std::move(fact);
}

void add_inet(SocketKind kind, const std::vector<std::string_view>& words, SocketTable& table) {
  // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode … drops
  const auto inode = inode_in(words, 9);
  if (!inode || *inode == 0) return;
  SocketFact fact;
  fact.kind = kind;
  const std::size_t colon = words[1].rfind(':');
  if (colon != std::string_view::npos) {
    fact.port = static_cast<std::uint16_t>(number_in(words[1].substr(colon + 1), 16).value_or(0));
  }
  if (kind == SocketKind::Udp) fact.drops = number_in(words.back()).value_or(0);
  table[*inode] = std::move(fact);
}

}  // namespace

std::uint64_t socket_inode(std::string_view target) {
  constexpr std::string_view kBegin = "socket:[";
  if (!target.starts_with(kBegin) || !target.ends_with(']')) return 0;
  return number_in(target.substr(kBegin.size(), target.size() - kBegin.size() - 1)).value_or(0);
}

void add_sockets(std::string_view file, std::string_view text, SocketTable& table) {
  struct Inet {
    std::string_view file;
    SocketKind kind;
  };
  constexpr std::array<Inet, 8> kInet = {{{"udp", SocketKind::Udp},
                                          {"udp6", SocketKind::Udp},
                                          {"tcp", SocketKind::Tcp},
                                          {"tcp6", SocketKind::Tcp},
                                          {"raw", SocketKind::Raw},
                                          {"raw6", SocketKind::Raw},
                                          {"icmp", SocketKind::Raw},
                                          {"icmp6", SocketKind::Raw}}};
  const auto inet =
      std::find_if(kInet.begin(), kInet.end(), [&](const Inet& one) { return one.file == file; });
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    if (words.empty()) continue;
    if (file == "unix") add_unix(words, table);
    if (inet != kInet.end()) add_inet(inet->kind, words, table);
    const bool packet = file == "packet";
    if (!packet && file != "netlink") continue;
    // Both end with the inode; heads of the tables are no numbers.
    if (const auto inode = number_in(words.back())) {
      table[*inode].kind = packet ? SocketKind::Packet : SocketKind::Netlink;
    }
  }
}

void check_fds(const FdQuestion& it, Report& report) {
  std::map<Kind, std::size_t> held;
  for (const FdFact& fd : it.fds) {
    const auto kind = kind_of(it, fd);
    if (!kind || most_of(it.service, *kind) == 0) {
      report.add(foreign(it, fd));
      continue;
    }
    if (++held[*kind] != most_of(it.service, *kind) + 1) continue;
    report.add(
        {Level::Failing, it.service,
         "holds more descriptors of one kind than it may, the last of them " + text_of(it, fd),
         "it leaks them, or somebody keeps it busy: at its limit it serves nobody",
         "covfefe inspect " + it.service + ", then restart it"});
  }
  report.fine();
  check_wall(it, report);
}

}  // namespace covfefe::cli::doctor
