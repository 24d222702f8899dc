// SPDX-License-Identifier: Apache-2.0
#include "control_reports.h"

#include <algorithm>

#include "os/clock.h"
#include "rpc/leases.h"

namespace covfefe::router {
namespace {

std::uint32_t micros(Duration duration) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(duration.nanoseconds / 1'000, 0, UINT32_MAX));
}

std::uint64_t millis(Duration duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration.nanoseconds, 0)) / 1'000'000;
}

schema::LinkState state_of(core::LinkState state) {
  switch (state) {
    case core::LinkState::Down:
      return schema::LinkState::DOWN;
    case core::LinkState::Handshaking:
      return schema::LinkState::HANDSHAKING;
    case core::LinkState::Up:
      return schema::LinkState::UP;
  }
  return schema::LinkState::DOWN;
}

schema::CircuitState state_of(core::CircuitState state) {
  switch (state) {
    case core::CircuitState::Building:
      return schema::CircuitState::BUILDING;
    case core::CircuitState::Open:
      return schema::CircuitState::OPEN;
    case core::CircuitState::Suspect:
      return schema::CircuitState::SUSPECT;
    case core::CircuitState::Closing:
      return schema::CircuitState::CLOSING;
  }
  return schema::CircuitState::CLOSING;
}

void write_texts(const std::vector<std::string>& from, capnp::List<capnp::Text>::Builder to) {
  for (capnp::uint i = 0; i < to.size(); ++i) to.set(i, from[i]);
}

constexpr capnp::uint count_of(std::size_t size) {
  return static_cast<capnp::uint>(size);
}

}  // namespace

void write_friend_report(const core::FriendReport& from, schema::FriendStatus::Builder to) {
  to.setState(state_of(from.state));
  if (from.state == core::LinkState::Up) to.setPath("direct " + format_endpoint(from.remote));
  to.setRttMicros(micros(from.rtt));
  to.setRxBytes(from.rx_bytes);
  to.setTxBytes(from.tx_bytes);
  to.setSessionUp(from.session_up);
  to.setSmallMode(from.small_mode);
  to.setDataSockets(from.data_sockets);
  if (!from.last_heard.is_never()) {
    to.setLastHeardMs(millis(os::monotonic_now() - from.last_heard));
  }
  to.setIdle(rpc::to_schema(from.idle));
  to.setPeerIdle(rpc::to_schema(from.peer_idle));
  to.setQueueMicros(micros(from.queue));
  to.setPathLoss(from.path_loss);
  to.setHandshakeFailure(from.handshake_failure);
  to.setLinkFaults(from.link_faults);
  to.setOnionFaults(from.onion_faults);
  to.setCircuitsDestroyed(from.circuits_destroyed);
}

void write_relayed(const core::RelayedReport& from, schema::Relayed::Builder to) {
  to.setCircuits(from.circuits);
  to.setCells(from.cells);
  to.setOnionFaults(from.onion_faults);
  to.setBuilds(from.builds);
  to.setRefused(from.refused);
}

void write_counts(const core::CircuitsReport& from, schema::CircuitCounts::Builder to) {
  const auto count = [&from](auto... states) {
    return static_cast<std::uint32_t>(std::count_if(
        from.circuits.begin(), from.circuits.end(),
        [states...](const core::CircuitReport& one) { return ((one.state == states) || ...); }));
  };
  to.setOpen(count(core::CircuitState::Open));
  to.setBuilding(count(core::CircuitState::Building));
  to.setFailing(count(core::CircuitState::Suspect, core::CircuitState::Closing));
  std::uint64_t relayed = 0;
  for (const core::RelayedReport& one : from.relayed) relayed += one.circuits;
  to.setRelayed(relayed);
}

void write_circuit(const core::CircuitReport& from, const OperatorNames& names,
                   schema::Circuit::Builder to) {
  to.setId(from.id);
  to.setTo(rpc::as_data(from.to.bytes));
  to.setPetname(names.petname_of(from.to));
  write_texts(from.hops, to.initHops(count_of(from.hops.size())));
  to.setState(state_of(from.state));
  to.setOrigin(from.origin);
  to.setAgeMs(millis(from.age));
  to.setLifetimeMs(millis(from.lifetime));
  to.setRttMicros(micros(from.rtt));
  to.setTxBytes(from.tx_bytes);
  to.setRxBytes(from.rx_bytes);
  to.setOnionFaults(from.onion_faults);
  to.setReplays(from.replays);
  to.setResent(from.resent);
}

void write_circuits(const std::vector<core::CircuitReport>& from, const OperatorNames& names,
                    schema::CircuitsReply::Builder to) {
  const std::size_t shown = std::min(from.size(), kMostCircuitsShown);
  auto list = to.initCircuits(count_of(shown));
  for (capnp::uint i = 0; i < list.size(); ++i) write_circuit(from[i], names, list[i]);
  to.setLeft(static_cast<std::uint32_t>(from.size() - shown));
}

void write_path(const core::PathReport& from, schema::PathReply::Builder to) {
  auto list = to.initOptions(count_of(from.options.size()));
  bool chosen = false;
  for (capnp::uint i = 0; i < list.size(); ++i) {
    const core::PathReport::Option& one = from.options[i];
    write_texts(one.hops, list[i].initHops(count_of(one.hops.size())));
    list[i].setChosen(one.chosen);
    list[i].setWhy(one.why);
    chosen = chosen || one.chosen;
  }
  to.setOk(chosen);
  to.setWhy(from.why);
}

void write_ping(const core::PingReport& from, schema::PingReply::Builder to) {
  to.setOk(from.ok);
  to.setRttMicros(micros(from.rtt));
  to.setPath(from.path);
  to.setWhy(from.why);
  auto list = to.initHops(count_of(from.hops.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) {
    list[i].setHop(from.hops[i].hop);
    list[i].setOk(from.hops[i].ok);
    list[i].setRttMicros(micros(from.hops[i].rtt));
  }
}

void write_looked(const Named& from, schema::Looked::Builder to) {
  to.setOk(from.address.has_value());
  if (from.address) to.setAddress(rpc::as_data(from.address->bytes));
  to.setPetname(from.petname);
  to.setWhy(from.why);
  to.setNext(from.next);
}

void write_identity(const core::IdentityReport& from, schema::FarIdentity::Builder to) {
  to.setOnce(from.once);
  to.setAddress(rpc::as_data(from.address.bytes));
}

}  // namespace covfefe::router
