// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include <array>

#include "config/config.h"
#include "os/files.h"
#include "os/listen.h"
#include "os/random_seed.h"
#include "os/ring_layout.h"
#include "sandbox/policy.h"

namespace covfefe::shaper {
namespace {

constexpr std::array<const char*, os::kWireSockets> kWireNames = {"wire.control", "wire.data0",
                                                                  "wire.data1"};

Expected<config::Config, std::string> read_config(const sandbox::Options& options) {
  const std::string path = sandbox::below_root(options, config::kPath);
  const auto text = os::read_text(path, config::kMaxText);
  if (!text) return text.error().text() + "; covfefe init makes it";
  auto parsed = config::parse_config(*text, path);
  if (!parsed) return parsed.error().text();
  return std::move(*parsed);
}

// A5: the filter can tell UDP sockets from everything else only by number.
SysResult<os::UdpSender> take_wire(os::InheritedFds& inherited) {
  std::vector<os::Fd> sockets;
  for (const char* name : kWireNames) {
    auto socket = inherited.take(name);
    if (!socket) return socket.error();
    auto moved = os::move_to_or_above(std::move(*socket), static_cast<int>(sandbox::kUdpFdWall));
    if (!moved) return moved.error();
    sockets.push_back(std::move(*moved));
  }
  return os::UdpSender::create(std::move(sockets));
}

}  // namespace

Expected<Resources, std::string> acquire(const sandbox::Arguments& arguments) {
  auto config = read_config(arguments.options);
  if (!config) return config.error();
  auto inherited = os::InheritedFds::from_environment();
  if (!inherited) return inherited.error().text();
  auto listener = inherited->take("shaper.operator");
  if (!listener) return listener.error().text();
  auto sender = take_wire(*inherited);
  if (!sender) return sender.error().text();
  auto loop = loop::Loop::create();
  if (!loop) return loop.error().text();
  auto stop = os::EventFd::create();
  if (!stop) return stop.error().text();
  auto to_data = DataMailbox::create(kMailboxCapacity);
  if (!to_data) return to_data.error().text();
  auto to_control = ControlMailbox::create(kMailboxCapacity);
  if (!to_control) return to_control.error().text();
  const auto seed = os::random_seed();
  const auto first_lease = os::random_seed();
  if (!seed || !first_lease) return (seed ? first_lease : seed).error().text();
  auto notifier = os::Notifier::from_environment();
  if (!notifier) return notifier.error().text();
  auto jail = os::JailProbe::open();
  if (!jail) return jail.error().text();
  auto service = rpc::Service::make();
  if (!service) return service.error().text();
  return Resources{std::move(*service),
                   std::move(*listener),
                   std::move(*sender),
                   std::move(*loop),
                   std::move(*stop),
                   std::move(*jail),
                   std::move(*notifier),
                   std::move(*to_data),
                   std::move(*to_control),
                   std::move(*config),
                   *seed,
                   static_cast<std::uint32_t>(*first_lease),
                   sandbox::below_root(arguments.options, "run/covfefe/router.shaper.sock"),
                   sandbox::below_root(arguments.options, "run/covfefe/router.shaper-fd.sock")};
}

}  // namespace covfefe::shaper
