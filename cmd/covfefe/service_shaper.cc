// SPDX-License-Identifier: Apache-2.0
#include <schema/shaper.capnp.h>

#include <algorithm>

#include "service_calls.h"
#include "shaper_views.h"

namespace covfefe::cli {
namespace {

double seconds_between(std::int64_t from_ns, std::int64_t to_ns) {
  return to_ns <= from_ns ? 0 : (static_cast<double>(to_ns) - static_cast<double>(from_ns)) / 1e9;
}

std::string idle_name(schema::IdleLane lane) {
  switch (lane) {
    case schema::IdleLane::ALWAYS_ON:
      return "always-on";
    case schema::IdleLane::METERED:
      return "metered";
    case schema::IdleLane::OFF:
      return "off";
  }
  return "off";
}

QueueState queue_state(schema::ShaperStatus::Reader from) {
  QueueState out;
  out.attached = from.getAttached();
  out.root_rate = from.getRateBps() / 8;
  out.sent_bytes = from.getSentBytes();
  out.sent_datagrams = from.getSentDatagrams();
  out.queued_bytes = from.getQueuedBytes();
  out.queued_datagrams = from.getQueuedDatagrams();
  out.flows = from.getFlows();
  out.send_errors = from.getSendErrors();
  out.dropped = from.getDropped();
  return out;
}

CapacityState capacity_state(schema::CapacityView::Reader from) {
  CapacityState out;
  out.configured = from.getConfigured();
  out.learned = from.getLearned();
  out.rate = from.getRate();
  out.low_water = from.getLowWater();
  out.state = said(from.getState());
  out.why = said(from.getWhy());
  out.since_s = static_cast<double>(from.getSinceMs()) / 1000;
  out.queue_ms = static_cast<double>(from.getQueueMicros()) / 1000;
  out.cuts = from.getCuts();
  out.probes = from.getProbes();
  return out;
}

std::string friend_called(std::uint32_t id, const std::vector<FriendState>& friends) {
  if (id == 0) return "this node";
  const auto at = std::find_if(friends.begin(), friends.end(),
                               [id](const FriendState& one) { return one.id == id; });
  return at == friends.end() ? "friend " + std::to_string(id) : at->name;
}

LeaseState lease_state(schema::Lease::Reader from, const ShaperState& all) {
  LeaseState out;
  const auto terms = from.getTerms();
  out.id = from.getId();
  out.principal = friend_called(terms.getPrincipal(), all.friends);
  for (const std::uint32_t id : terms.getOver()) out.over.push_back(friend_called(id, all.friends));
  out.lease_class = terms.getClass() == schema::LeaseClass::BULK ? "bulk" : "realtime";
  out.rate = from.getRate();
  out.starts_in_s = seconds_between(all.at_ns, from.getFromNs());
  out.left_s = seconds_between(std::max(all.at_ns, from.getFromNs()), from.getUntilNs());
  return out;
}

void read_ledger(schema::LedgerView::Reader from, ShaperState& out) {
  LedgerState& to = out.ledger;
  to.most = from.getMost();
  to.control = from.getControl();
  to.floors = from.getFloors();
  to.reserves = from.getReserves();
  to.leased = from.getLeased();
  to.refused = from.getRefused();
  to.revoked = from.getRevoked();
  to.left = from.getLeft();
  for (const auto one : from.getLeases()) to.leases.push_back(lease_state(one, out));
}

ClassState class_state(schema::ClassView::Reader from) {
  ClassState out;
  out.name = said(from.getName());
  out.weight = from.getWeight();
  out.reserve = from.getReserve();
  out.cap = from.getCap();
  out.scale = from.getScale();
  out.sent_bytes = from.getSentBytes();
  out.sent_datagrams = from.getSentDatagrams();
  out.queued_bytes = from.getQueuedBytes();
  out.dropped = from.getDropped();
  return out;
}

FriendState friend_state(schema::FriendView::Reader from) {
  FriendState out;
  out.id = from.getFriendId();
  out.name = said(from.getPetname());
  out.level = said(from.getLevel());
  out.weight = from.getWeight();
  out.reserve = from.getReserve();
  out.cap = from.getCap();
  out.idle = idle_name(from.getIdle());
  out.idle_period_ms = from.getIdlePeriodMs();
  out.leased = from.getLeased();
  out.sent_bytes = from.getSentBytes();
  out.sent_datagrams = from.getSentDatagrams();
  out.queued_bytes = from.getQueuedBytes();
  out.queued_datagrams = from.getQueuedDatagrams();
  out.dropped = from.getDropped();
  out.rate = from.getRate();
  out.entitled = from.getEntitled();
  out.spares = from.getSpares();
  for (const std::uint64_t bytes : from.getClasses()) out.sent_by_class.push_back(bytes);
  return out;
}

ShaperState state_of(schema::ShaperView::Reader from) {
  ShaperState out;
  out.at_ns = from.getAtNs();
  out.queue = queue_state(from.getStatus());
  out.capacity = capacity_state(from.getCapacity());
  for (const auto one : from.getClasses()) out.classes.push_back(class_state(one));
  for (const auto one : from.getFriends()) out.friends.push_back(friend_state(one));
  read_ledger(from.getLedger(), out);
  return out;
}

}  // namespace

Outcome<ShaperState> shaper_state(Connection& shaper) {
  rpc::Client& client = shaper.client();
  auto request = client.as<schema::ShaperOperator>().viewRequest();
  return call_and_read<ShaperState>(
      {client, "shaper", kGlance}, kj::mv(request),
      [](auto& answer) -> Outcome<ShaperState> { return state_of(answer.getView()); });
}

Outcome<AppliedView> apply_to_shaper(Connection& shaper, const std::string& text) {
  rpc::Client& client = shaper.client();
  auto request = client.as<schema::ShaperOperator>().applyRequest();
  request.setConfig(text);
  return call_and_read<AppliedView>({client, "shaper"}, kj::mv(request),
                                    [](auto& answer) -> Outcome<AppliedView> {
                                      if (!answer.getOk())
                                        return Problem{said(answer.getWhy()), ""};
                                      AppliedView out;
                                      for (const auto one : answer.getChanged())
                                        out.changed.push_back(said(one));
                                      return out;
                                    });
}

}  // namespace covfefe::cli
