// SPDX-License-Identifier: Apache-2.0
#include "sockets.h"

#include <cerrno>
#include <filesystem>

#include "os/process.h"
#include "os/udp.h"

namespace covfefe::cli {
namespace {

Problem cannot(const SysError& error, std::string next = {}) {
  return {error.text(), std::move(next), kRefused};
}

Outcome<os::Fd> listen_edge(const Layout& layout, const Edge& edge) {
  // The operator is root, and connects to whatever it likes. The tun-helper is root without that
  // power: a socket of another user's is closed to it.
  const std::string_view who = edge.connector.empty() ? edge.listener : edge.connector;
  os::Owner owner{0, 0};
  if (who != "tun-helper") {
    const auto user = os::service_user(std::string(who), layout.tree());
    if (!user) return cannot(user.error(), "create the users: systemd-sysusers covfefe.conf");
    owner = *user;
  }
  auto fd = os::listen_unix({layout.socket(edge.name), edge.kind, {0600, owner}});
  if (!fd) return cannot(fd.error());
  return std::move(*fd);
}

// A launcher that was killed takes its services with it, but not in the same instant.
SysResult<os::Fd> open_when_free(const Endpoint& where) {
  constexpr int kTries = 20;
  for (int left = kTries;; --left) {
    auto fd = os::open_udp(where);
    if (fd || left == 0 || fd.error().number != EADDRINUSE) return fd;
    (void)os::wait_readable({}, Duration::millis(25));
  }
}

Outcome<os::Fd> open_wire(const Endpoint& where) {
  auto fd = open_when_free(where);
  if (fd) return std::move(*fd);
  const bool taken = fd.error().number == EADDRINUSE;
  return cannot(fd.error(), taken ? "another program has this port; choose others under listen: in "
                                    "covfefenet.yaml"
                                  : "");
}

}  // namespace

Outcome<SocketSet> SocketSet::open(const Layout& layout, const config::Config& config) {
  SocketSet out;
  const std::array<Endpoint, 3> where = {config.listen.control, config.listen.data[0],
                                         config.listen.data[1]};
  for (std::size_t i = 0; i < where.size(); ++i) {
    auto fd = open_wire(where[i]);
    if (!fd) return fd.error();
    out.wire_.push_back({std::string(wire_sockets()[i]), std::move(*fd)});
  }
  for (const Edge& edge : edges()) {
    auto fd = listen_edge(layout, edge);
    if (!fd) return fd.error();
    out.edges_.push_back({std::string(edge.name), std::move(*fd)});
  }
  return out;
}

std::vector<os::Inherit> SocketSet::of(std::string_view service) const {
  std::vector<os::Inherit> out;
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    if (edges()[i].listener == service) out.push_back({edges_[i].name, edges_[i].fd.number()});
  }
  if (service == "router" || service == "shaper") {
    for (const os::NamedFd& wire : wire_) out.push_back({wire.name, wire.fd.number()});
  }
  return out;
}

void SocketSet::unlink(const Layout& layout) const {
  for (const os::NamedFd& edge : edges_) {
    std::error_code ignored;
    std::filesystem::remove(layout.socket(edge.name), ignored);
  }
}

Outcome<void> make_run_directory(const Layout& layout) {
  std::error_code code;
  std::filesystem::create_directories(layout.path("run"), code);
  if (code) return Problem{"create " + layout.path("run") + ": " + code.message(), ""};
  if (auto made = os::make_directory(layout.run(), {0755, {0, 0}}); !made) {
    return cannot(made.error());
  }
  return {};
}

}  // namespace covfefe::cli
