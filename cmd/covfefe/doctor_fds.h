// SPDX-License-Identifier: Apache-2.0
// The descriptors of a service against the list of those that it may hold.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "doctor_report.h"

namespace covfefe::cli::doctor {

struct FdFact {
  int number = -1;
  std::string target;  // readlink of /proc/PID/fd/N
};

enum class SocketKind : std::uint8_t { Unix, Udp, Tcp, Raw, Packet, Netlink };

struct SocketFact {
  SocketKind kind = SocketKind::Unix;
  std::string path;         // of a Unix socket that has one
  bool listens = false;     // Unix
  std::uint16_t port = 0;   // local, of Udp and Tcp
  std::uint64_t drops = 0;  // Udp: datagrams that found the buffer full
};
using SocketTable = std::map<std::uint64_t, SocketFact>;  // by inode, unique on the machine

void add_sockets(std::string_view file, std::string_view text, SocketTable& table);
// file: its name below /proc/PID/net, "unix", "udp6" …; others are left alone.

struct FdPlace {
  const SocketTable* sockets = nullptr;
  std::string state;  // the service's own directory below the root, or empty
};

struct FdQuestion {
  std::string service;
  std::int32_t pid;
  const std::vector<FdFact>& fds;
  const FdPlace& place;
};
void check_fds(const FdQuestion& question, Report& report);

[[nodiscard]] std::uint64_t socket_inode(std::string_view target);
// Of "socket:[N]"; 0: something else.

}  // namespace covfefe::cli::doctor
