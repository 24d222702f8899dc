// SPDX-License-Identifier: Apache-2.0
#include "os/resolve.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "os/fd.h"
#include "os/udp.h"

namespace covfefe::os {
namespace {

constexpr std::size_t kMostAddresses = 8;

std::optional<Endpoint> endpoint_of(const sockaddr* address) {
  sockaddr_storage storage{};
  const std::size_t size = address->sa_family == AF_INET6  ? sizeof(sockaddr_in6)
                           : address->sa_family == AF_INET ? sizeof(sockaddr_in)
                                                           : 0;
  if (size == 0) return std::nullopt;
  std::memcpy(&storage, address, size);
  return to_endpoint(storage);
}

bool reachable_from_elsewhere(const Address& ip) {
  const bool link_local_v6 = ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80;
  const bool link_local_v4 = ip.is_mapped_v4() && ip.bytes[12] == 169 && ip.bytes[13] == 254;
  return !link_local_v6 && !link_local_v4 && !ip.is_overlay();
}

}  // namespace

SysResult<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port) {
  if (const auto numeric = parse_address(host)) {
    return std::vector<Endpoint>{{*numeric, port, 0}};
  }
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0 || found == nullptr) {
    return SysError{"resolve", host, EHOSTUNREACH};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<Endpoint> out;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    auto endpoint = endpoint_of(one->ai_addr);
    if (!endpoint || out.size() == kMostAddresses) continue;
    endpoint->port = port;
    if (std::find(out.begin(), out.end(), *endpoint) == out.end()) out.push_back(*endpoint);
  }
  if (out.empty()) return SysError{"resolve", host, EHOSTUNREACH};
  return out;
}

SysResult<std::vector<Address>> global_addresses() {
  ifaddrs* found = nullptr;
  if (getifaddrs(&found) != 0) return last_error("getifaddrs", "");
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(found, freeifaddrs);
  std::vector<Address> out;
  for (const ifaddrs* one = found; one != nullptr; one = one->ifa_next) {
    const bool usable = (one->ifa_flags & IFF_UP) != 0 && (one->ifa_flags & IFF_LOOPBACK) == 0;
    if (!usable || one->ifa_addr == nullptr) continue;
    const auto endpoint = endpoint_of(one->ifa_addr);
    if (endpoint && reachable_from_elsewhere(endpoint->ip)) out.push_back(endpoint->ip);
  }
  std::stable_partition(out.begin(), out.end(), [](const Address& a) { return !a.is_mapped_v4(); });
  return out;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  const std::string whole(name.data());
  return whole.substr(0, whole.find('.'));
}

}  // namespace covfefe::os
