// SPDX-License-Identifier: Apache-2.0
#include "rpc/inspect.h"

namespace covfefe::rpc {
namespace {

capnp::uint length(std::size_t n) {
  return static_cast<capnp::uint>(n);
}

std::string short_name(capnp::InterfaceSchema schema) {
  const kj::StringPtr whole = schema.getShortDisplayName();
  return {whole.begin(), whole.size()};
}

std::vector<std::string> methods_of(capnp::InterfaceSchema schema) {
  std::vector<std::string> names;
  for (const auto method : schema.getMethods()) {
    const auto name = method.getProto().getName();
    names.emplace_back(name.begin(), name.size());
  }
  for (const auto base : schema.getSuperclasses()) {
    for (std::string& name : methods_of(base)) names.push_back(std::move(name));
  }
  return names;
}

void write_interface(const InspectedInterface& from,
                     schema::Inspection::InterfaceInfo::Builder to) {
  to.setName(short_name(from.schema));
  to.setEdge(from.edge);
  const std::vector<std::string> names = methods_of(from.schema);
  auto methods = to.initMethods(length(names.size()));
  for (capnp::uint i = 0; i < methods.size(); ++i) methods.set(i, names[i]);
  to.setConnections(from.connections.live);
  to.setCalls(from.calls);
}

void write_jail(const InspectedJail& from, schema::Inspection::Jail::Builder to) {
  to.setUid(from.state.uid);
  to.setGid(from.state.gid);
  to.setCapabilities(from.state.capabilities);
  to.setNoNewPrivs(from.state.no_new_privs);
  to.setDumpable(from.state.dumpable);
  to.setSeccomp(from.state.seccomp);
  to.setSyscalls(from.syscalls);
  to.setLandlock(from.landlock);
  to.setUnknown(from.unknown);
}

}  // namespace

void write_inspection(const InspectedService& from, schema::Inspection::Builder to) {
  to.setService(from.service);
  to.setVersion(from.version);
  to.setPid(from.pid);
  to.setUptimeMs(static_cast<std::uint64_t>(from.uptime.nanoseconds / 1'000'000));
  auto interfaces = to.initInterfaces(length(from.interfaces.size()));
  for (capnp::uint i = 0; i < interfaces.size(); ++i) {
    write_interface(from.interfaces[i], interfaces[i]);
  }
  auto counters = to.initCounters(length(from.counters.size()));
  for (capnp::uint i = 0; i < counters.size(); ++i) {
    counters[i].setName(from.counters[i].name);
    counters[i].setValue(from.counters[i].value);
  }
  auto queues = to.initQueues(length(from.queues.size()));
  for (capnp::uint i = 0; i < queues.size(); ++i) {
    queues[i].setName(from.queues[i].name);
    queues[i].setDepth(from.queues[i].depth);
    queues[i].setCapacity(from.queues[i].capacity);
    queues[i].setDropped(from.queues[i].dropped);
  }
  write_jail(from.jail, to.initJail());
  to.setState(from.state);
}

}  // namespace covfefe::rpc
