// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/naming.h"

#include "base/hex.h"

namespace covfefe::core {

namespace {

constexpr std::size_t kShort = 6;

std::string name_at(LinkSlot link, const Peers& peers) {
  const Peer* peer = peers.at(link);
  return peer == nullptr ? "a former friend" : peer->petname;
}

}  // namespace

std::vector<std::string> hops_of(const CircuitPath& path, const Peers& peers) {
  std::vector<std::string> out;
  if (path.hops.empty()) return out;
  out.push_back(name_at(path.entry, peers));
  for (std::size_t i = 1; i < path.hops.size(); ++i) out.push_back(to_hex(path.hops[i].handle));
  return out;
}

std::string short_path(const Leg& leg, const Peers& peers) {
  std::string out = "via " + name_at(leg.link, peers);
  if (leg.path.hops.empty()) return out + ", on a circuit of the far end";
  for (std::size_t i = 1; i + 1 < leg.path.hops.size(); ++i) {
    out += ", " + to_hex(leg.path.hops[i].handle).substr(0, kShort) + "…";
  }
  return out;
}

}  // namespace covfefe::core
