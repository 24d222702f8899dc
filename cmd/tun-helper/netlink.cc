// SPDX-License-Identifier: Apache-2.0
#include "netlink.h"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace covfefe::tun_helper {
namespace {

constexpr std::size_t kBufferBytes = 16'384;  // the kernel's answers are at most 8 KiB (libmnl)
constexpr std::uint8_t kOverlayPrefix = 8;    // fd00::/8

struct CloseSocket {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};

class Message {
 public:
  Message(std::uint16_t type, int flags) {
    mnl_nlmsg_put_header(bytes_.data());
    header()->nlmsg_type = type;
    header()->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  }
  template <typename Body>
  Body& body() {
    return *static_cast<Body*>(mnl_nlmsg_put_extra_header(header(), sizeof(Body)));
  }
  void text(std::uint16_t type, const std::string& value) {
    CHECK(mnl_attr_put_strz_check(header(), bytes_.size(), type, value.c_str()));
  }
  void number(std::uint16_t type, std::uint32_t value) {
    CHECK(mnl_attr_put_u32_check(header(), bytes_.size(), type, value));
  }
  void address(std::uint16_t type, const Address& value) {
    CHECK(
        mnl_attr_put_check(header(), bytes_.size(), type, value.bytes.size(), value.bytes.data()));
  }
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(bytes_.data()); }

 private:
  alignas(nlmsghdr) std::array<char, 512> bytes_{};
};

using OnAnswer = std::function<void(const nlmsghdr*)>;

int forward(const nlmsghdr* answer, void* use) {
  (*static_cast<OnAnswer*>(use))(answer);
  return MNL_CB_OK;
}

using OnAttribute = std::function<void(const nlattr*)>;

int forward_attribute(const nlattr* attribute, void* use) {
  (*static_cast<OnAttribute*>(use))(attribute);
  return MNL_CB_OK;
}

class Route {
 public:
  static SysResult<Route> open() {
    Route route;
    route.socket_.reset(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
    if (route.socket_ == nullptr) return SysError{"netlink socket", "", errno};
    if (mnl_socket_bind(route.socket_.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
      return SysError{"netlink bind", "", errno};
    }
    return route;
  }

  SysResult<void> ask(const char* what, Message message, OnAnswer on_answer = {}) {
    message.header()->nlmsg_seq = ++sequence_;
    if (mnl_socket_sendto(socket_.get(), message.header(), message.header()->nlmsg_len) < 0) {
      return SysError{what, "netlink", errno};
    }
    const unsigned port = mnl_socket_get_portid(socket_.get());
    for (;;) {
      const ssize_t n = mnl_socket_recvfrom(socket_.get(), answer_.data(), answer_.size());
      if (n < 0) return SysError{what, "netlink", errno};
      const int more = mnl_cb_run(answer_.data(), static_cast<std::size_t>(n), sequence_, port,
                                  on_answer ? forward : nullptr, &on_answer);
      if (more < 0) return SysError{what, "netlink", errno};
      if (more == MNL_CB_STOP) return {};
    }
  }
  // Sends one request and reads until the kernel has acknowledged it or ended its list.

 private:
  std::unique_ptr<mnl_socket, CloseSocket> socket_;
  unsigned sequence_ = 0;
  alignas(nlmsghdr) std::array<char, kBufferBytes> answer_{};
};

SysResult<void> named(SysResult<void> result, const std::string& object) {
  if (result) return {};
  return SysError{result.error().operation, object, result.error().number};
}

struct Link {
  int index = 0;
  std::string kind;  // "tun", empty for a physical device
};

std::string kind_of(const nlattr* info) {
  std::string kind;
  OnAttribute use = [&kind](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) != IFLA_INFO_KIND) return;
    if (mnl_attr_validate(attribute, MNL_TYPE_STRING) >= 0) kind = mnl_attr_get_str(attribute);
  };
  mnl_attr_parse_nested(info, forward_attribute, &use);
  return kind;
}

SysResult<Link> find_link(Route& route, const std::string& name) {
  Message request(RTM_GETLINK, NLM_F_ACK);
  request.body<ifinfomsg>().ifi_family = AF_UNSPEC;
  request.text(IFLA_IFNAME, name);
  Link link;
  auto asked = route.ask("find device", request, [&link](const nlmsghdr* answer) {
    link.index = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(answer))->ifi_index;
    OnAttribute use = [&link](const nlattr* attribute) {
      if (mnl_attr_get_type(attribute) == IFLA_LINKINFO) link.kind = kind_of(attribute);
    };
    mnl_attr_parse(answer, sizeof(ifinfomsg), forward_attribute, &use);
  });
  if (!asked) return named(asked, name).error();
  return link;
}

SysResult<void> set_link(Route& route, int index, const DevicePlan& plan) {
  Message request(RTM_NEWLINK, NLM_F_ACK);
  request.body<ifinfomsg>().ifi_index = index;
  request.number(IFLA_MTU, plan.mtu);
  nlattr* families = mnl_attr_nest_start(request.header(), IFLA_AF_SPEC);
  nlattr* six = mnl_attr_nest_start(request.header(), AF_INET6);
  mnl_attr_put_u8(request.header(), IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  mnl_attr_nest_end(request.header(), six);
  mnl_attr_nest_end(request.header(), families);
  return named(route.ask("set MTU", request), plan.name);
}

SysResult<void> set_up(Route& route, int index, const std::string& name) {
  Message request(RTM_NEWLINK, NLM_F_ACK);
  auto& body = request.body<ifinfomsg>();
  body.ifi_index = index;
  body.ifi_flags = IFF_UP;
  body.ifi_change = IFF_UP;
  return named(route.ask("set up", request), name);
}

Message address_message(std::uint16_t type, int flags, int index, const Address& address) {
  Message request(type, NLM_F_ACK | flags);
  auto& body = request.body<ifaddrmsg>();
  body.ifa_family = AF_INET6;
  body.ifa_prefixlen = 128;
  body.ifa_index = static_cast<std::uint32_t>(index);
  request.address(IFA_LOCAL, address);
  request.address(IFA_ADDRESS, address);
  return request;
}

SysResult<void> set_address(Route& route, int index, const DevicePlan& plan) {
  Message request = address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, plan.address);
  request.number(IFA_FLAGS, IFA_F_NODAD | IFA_F_NOPREFIXROUTE | IFA_F_PERMANENT);
  return named(route.ask("set address", request), format_address(plan.address));
}

std::optional<Address> address_of(const nlmsghdr* answer, int index) {
  const auto* body = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(answer));
  if (body->ifa_index != static_cast<std::uint32_t>(index)) return std::nullopt;
  std::optional<Address> found;
  OnAttribute use = [&found](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) != IFA_ADDRESS) return;
    if (mnl_attr_get_payload_len(attribute) != sizeof(Address::bytes)) return;
    found.emplace();
    const auto* bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
    copy({bytes, found->bytes.size()}, found->bytes);
  };
  mnl_attr_parse(answer, sizeof(ifaddrmsg), forward_attribute, &use);
  return found;
}

SysResult<std::vector<Address>> overlay_addresses(Route& route, int index,
                                                  const std::string& name) {
  Message request(RTM_GETADDR, NLM_F_DUMP);
  request.body<ifaddrmsg>().ifa_family = AF_INET6;
  std::vector<Address> out;
  auto asked = route.ask("list addresses", request, [&](const nlmsghdr* answer) {
    const std::optional<Address> found = address_of(answer, index);
    if (found && found->is_overlay()) out.push_back(*found);
  });
  if (!asked) return named(asked, name).error();
  return out;
}

SysResult<void> drop_earlier_addresses(Route& route, int index, const DevicePlan& plan) {
  const auto present = overlay_addresses(route, index, plan.name);
  if (!present) return present.error();
  for (const Address& each : *present) {
    if (each == plan.address) continue;
    const auto removed = route.ask("remove address", address_message(RTM_DELADDR, 0, index, each));
    if (!removed && removed.error().number != EADDRNOTAVAIL) {
      return named(removed, format_address(each));
    }
  }
  return {};
}

Message route_message(std::uint16_t type, int flags, const config::Prefix& to, int kind) {
  Message request(type, NLM_F_ACK | flags);
  auto& body = request.body<rtmsg>();
  body.rtm_family = AF_INET6;
  body.rtm_dst_len = to.length;
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_STATIC;
  body.rtm_scope = RT_SCOPE_UNIVERSE;
  body.rtm_type = static_cast<unsigned char>(kind);
  request.address(RTA_DST, to.address);
  return request;
}

SysResult<void> set_overlay_route(Route& route, int index, const DevicePlan& plan) {
  config::Prefix overlay;
  overlay.address.bytes[0] = 0xfd;
  overlay.length = kOverlayPrefix;
  Message request = route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, overlay, RTN_UNICAST);
  request.number(RTA_OIF, static_cast<std::uint32_t>(index));
  request.address(RTA_PREFSRC, plan.address);
  return named(route.ask("set route", request), "fd00::/8 dev " + plan.name);
}

SysResult<void> set_throw_routes(Route& route, const DevicePlan& plan) {
  for (const config::Prefix& prefix : plan.exclude) {
    auto set =
        route.ask("set throw route",
                  route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, prefix, RTN_THROW));
    if (!set) return named(set, config::format_prefix(prefix));
  }
  return {};
}

}  // namespace

SysResult<void> configure_device(const DevicePlan& plan) {
  SysResult<Route> route = Route::open();
  if (!route) return route.error();
  SysResult<Link> link = find_link(*route, plan.name);
  if (!link) return link.error();
  const int index = link->index;
  // The address mode before «up», which would make a link-local address at once; the address before
  // the route, which names it as source; the throw routes before the route that they make holes in.
  if (auto set = set_link(*route, index, plan); !set) return set;
  if (auto set = set_up(*route, index, plan.name); !set) return set;
  if (auto set = drop_earlier_addresses(*route, index, plan); !set) return set;
  if (auto set = set_address(*route, index, plan); !set) return set;
  if (auto set = set_throw_routes(*route, plan); !set) return set;
  return set_overlay_route(*route, index, plan);
}

SysResult<bool> carries_overlay_address(const DevicePlan& plan) {
  SysResult<Route> route = Route::open();
  if (!route) return route.error();
  SysResult<Link> link = find_link(*route, plan.name);
  if (!link) return link.error();
  const auto present = overlay_addresses(*route, link->index, plan.name);
  if (!present) return present.error();
  return !present->empty();
}

SysResult<void> remove_device(const DevicePlan& plan) {
  SysResult<Route> route = Route::open();
  if (!route) return route.error();
  for (const config::Prefix& prefix : plan.exclude) {
    auto gone = route->ask("remove throw route", route_message(RTM_DELROUTE, 0, prefix, RTN_THROW));
    if (!gone && gone.error().number != ESRCH) return named(gone, config::format_prefix(prefix));
  }
  SysResult<Link> link = find_link(*route, plan.name);
  if (!link && link.error().number == ENODEV) return {};
  if (!link) return link.error();
  if (link->kind != "tun") return SysError{"remove device", plan.name, EINVAL};
  const SysResult<bool> ours = carries_overlay_address(plan);
  if (!ours) return ours.error();
  if (!*ours) return SysError{"remove device without overlay address", plan.name, EPERM};
  Message request(RTM_DELLINK, NLM_F_ACK);
  request.body<ifinfomsg>().ifi_index = link->index;
  return named(route->ask("remove device", request), plan.name);
}

}  // namespace covfefe::tun_helper
