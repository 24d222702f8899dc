// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include "config/card.h"
#include "config/config.h"
#include "os/clock.h"
#include "os/files.h"
#include "os/udp.h"
#include "sandbox/policy.h"

namespace covfefe::router {
namespace {

template <typename T>
using Acquired = Expected<T, std::string>;

constexpr std::array<const char*, kWireSockets> kWireNames = {"wire.control", "wire.data0",
                                                              "wire.data1"};

Acquired<config::Config> read_config(const sandbox::Options& options) {
  const std::string path = sandbox::below_root(options, config::kPath);
  const auto text = os::read_text(path, config::kMaxText);
  if (!text) return text.error().text() + "; covfefe init makes it";
  auto parsed = config::parse_config(*text, path);
  if (!parsed) return parsed.error().text();
  return std::move(*parsed);
}

// The public half of this node: read here, so that a router comes up while its keystore is away.
Acquired<config::Card> read_identity(const sandbox::Options& options) {
  const std::string path = sandbox::below_root(options, config::kIdentityPath);
  const auto text = os::read_text(path, config::kMaxCardText);
  if (!text) return text.error().text() + "; covfefe init makes it";
  auto card = config::parse_card(*text, path);
  if (!card) return card.error().text();
  return std::move(*card);
}

Acquired<void> take(os::InheritedFds& inherited, const char* name, os::Fd& into) {
  auto fd = inherited.take(name);
  if (!fd) return fd.error().text();
  into = std::move(*fd);
  return {};
}

Acquired<void> take_listeners(os::InheritedFds& inherited, Listeners& into) {
  const std::pair<const char*, os::Fd*> all[] = {
      {"router.keystore", &into.keystore},       {"router.peerdb", &into.peerdb},
      {"router.shaper", &into.shaper},           {"router.operator", &into.operators},
      {"router.shaper-fd", &into.shaper_frames}, {"router.tun", &into.tun}};
  for (const auto& [name, fd] : all) {
    if (auto taken = take(inherited, name, *fd); !taken) return taken;
  }
  return {};
}

// The unit lets the router make and connect no socket: systemd brings the one that speaks to it.
SysResult<os::Notifier> take_notifier(os::InheritedFds& inherited) {
  auto from = inherited.take("router.notify");
  return from ? os::Notifier::through(std::move(*from)) : os::Notifier::from_environment();
}

// A5: the filter can tell UDP sockets from everything else only by number.
Acquired<void> take_wire(os::InheritedFds& inherited, std::array<os::Fd, kWireSockets>& into) {
  for (std::size_t i = 0; i < kWireSockets; ++i) {
    os::Fd socket;
    if (auto taken = take(inherited, kWireNames[i], socket); !taken) return taken;
    if (auto set = os::set_wire_options(socket); !set) return set.error().text();
    auto moved = os::move_to_or_above(std::move(socket), static_cast<int>(sandbox::kUdpFdWall));
    if (!moved) return moved.error().text();
    into[i] = std::move(*moved);
  }
  return {};
}

Acquired<std::vector<wire::DataSocket>> data_sockets(
    const std::array<os::Fd, kWireSockets>& sockets) {
  std::vector<wire::DataSocket> out;
  for (std::size_t i = 1; i < kWireSockets; ++i) {
    const auto local = os::local_udp(sockets[i]);
    if (!local) return local.error().text();
    const auto socket_class = i == 1 ? wire::SocketClass::Bulk : wire::SocketClass::Realtime;
    out.push_back({local->endpoint.port, socket_class, wire::Direction::Both});
  }
  return out;
}

Acquired<DataResources> acquire_data(os::InheritedFds& inherited) {
  auto loop = loop::Loop::create();
  if (!loop) return loop.error().text();
  DataResources out{{}, std::move(*loop), std::make_unique<crypto::SystemEntropy>(), nullptr};
  out.random = std::make_unique<crypto::Drbg>(*out.entropy, os::monotonic_now());
  if (auto taken = take_wire(inherited, out.wire); !taken) return taken.error();
  return out;
}

core::CircuitPolicy policy_of(const config::Config& config) {
  core::CircuitPolicy out;
  out.min_trusted_entries = config.min_trusted_entries;
  out.per_destination = config.circuits.per_destination;
  out.strangers =
      config.circuits.accept_strangers ? core::Strangers::Accept : core::Strangers::Refuse;
  out.relaying = config.circuits.relay ? core::Relaying::Serve : core::Relaying::Refuse;
  return out;
}

Acquired<Node> node_of(const sandbox::Options& options, const DataResources& data) {
  const auto config = read_config(options);
  if (!config) return config.error();
  const auto card = read_identity(options);
  if (!card) return card.error();
  auto sockets = data_sockets(data.wire);
  if (!sockets) return sockets.error();
  Node node{config->name, {}, *config};
  node.config.address = card->address;
  node.config.static_key = card->static_key;
  node.config.data_sockets = std::move(*sockets);
  node.config.policy = policy_of(*config);
  data.random->fill(node.config.boot);
  return node;
}

}  // namespace

Acquired<Resources> acquire(const sandbox::Arguments& arguments) {
  if (!crypto::init()) return std::string("libsodium does not start");
  auto inherited = os::InheritedFds::from_environment();
  if (!inherited) return inherited.error().text();
  Listeners listeners;
  if (auto taken = take_listeners(*inherited, listeners); !taken) return taken.error();
  auto data = acquire_data(*inherited);
  if (!data) return data.error();
  auto node = node_of(arguments.options, *data);
  if (!node) return node.error();
  auto service = rpc::Service::make();
  if (!service) return service.error().text();
  auto to_data = DataMailbox::create(kMailboxCapacity);
  if (!to_data) return to_data.error().text();
  auto to_control = ControlMailbox::create(kMailboxCapacity);
  if (!to_control) return to_control.error().text();
  auto jail = os::JailProbe::open();
  if (!jail) return jail.error().text();
  auto notifier = take_notifier(*inherited);
  if (!notifier) return notifier.error().text();
  return Resources{std::move(*node),    std::move(listeners), std::move(*data),
                   std::move(*service), std::move(*to_data),  std::move(*to_control),
                   std::move(*jail),    std::move(*notifier)};
}

}  // namespace covfefe::router
