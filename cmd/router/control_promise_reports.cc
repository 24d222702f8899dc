// SPDX-License-Identifier: Apache-2.0
#include "control_promise_reports.h"

#include <algorithm>

#include "rpc/history.h"
#include "rpc/leases.h"

namespace covfefe::router {
namespace {

constexpr std::uint32_t kPacketMost = 1'232;  // payload of UDP in the least IPv6 packet
constexpr std::uint32_t kUsualReserveMs = 5'000;
constexpr std::uint32_t kLongestReserveMs = 60'000;
constexpr Duration kIntendMost = Duration::hours(7 * 24);
constexpr Duration kLeavingMost = Duration::hours(24);
constexpr Duration kPleaseMost = Duration::hours(24);
constexpr Duration kAskingTime = Duration::seconds(5);

std::uint64_t millis(Duration duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration.nanoseconds, 0)) / 1'000'000;
}

core::Directions directions_from(schema::Directions from) {
  switch (from) {
    case schema::Directions::OUT:
      return core::Directions::Out;
    case schema::Directions::IN:
      return core::Directions::In;
    default:
      return core::Directions::Both;
  }
}

// A time of the contract that is longer than any of ours.
std::optional<Duration> time_up_to(std::uint64_t asked_ms, Duration most) {
  const auto read = rpc::duration_from(asked_ms);
  if (!read.ok() || *read > most) return std::nullopt;
  return *read;
}

std::vector<const core::PromiseReport*> with_friend(const core::PromisesReport& from, FriendId id) {
  std::vector<const core::PromiseReport*> out;
  for (const core::PromiseReport& one : from.all) {
    if (one.friend_id == id && out.size() < kMostPromisesShown) out.push_back(&one);
  }
  return out;
}

}  // namespace

std::variant<core::ReserveQuery, Refused> reserve_query(schema::Reservation::Reader from) {
  core::ReserveQuery out;
  out.payload_rate = from.getPayloadRate();
  out.packet = from.getPacket();
  if (out.payload_rate == 0 || out.payload_rate > kLeaseRateMost)
    return Refused("a reservation is of 1 B/s to 1 GiB/s");
  if (out.packet == 0 || out.packet > kPacketMost)
    return Refused("a packet carries 1 to 1232 bytes of payload");
  if (from.getClass() != schema::LeaseClass::REALTIME &&
      from.getClass() != schema::LeaseClass::BULK)
    return Refused("a reservation is realtime or bulk");
  if (from.getClass() == schema::LeaseClass::BULK) out.lease_class = LeaseClass::Bulk;
  out.directions = directions_from(from.getDirections());
  const auto lasts = time_up_to(from.getLastsMs(), kLeaseLongest);
  if (!lasts || *lasts < Duration::seconds(1))
    return Refused("a reservation lasts 1 second to 24 hours");
  const auto starts = time_up_to(from.getStartsInMs(), kLeaseLatestStart);
  if (!starts) return Refused("a reservation starts within 24 hours");
  out.lasts = *lasts;
  out.starts_in = *starts;
  const std::uint32_t asked = from.getTimeoutMs();
  out.timeout = Duration::millis(asked == 0 ? kUsualReserveMs : std::min(asked, kLongestReserveMs));
  return out;
}

std::variant<core::ExtendQuery, Refused> extend_query(std::uint32_t id, std::uint64_t by_ms) {
  const auto by = time_up_to(by_ms, kLeaseLongest);
  if (!by || *by < Duration::seconds(1)) return Refused("it is extended by 1 second to 24 hours");
  return core::ExtendQuery{id, *by, kAskingTime};
}

std::variant<core::IntendQuery, Refused> intend_query(schema::Intent intent, std::uint64_t in_ms) {
  if (intent == schema::Intent::NOTHING) return core::IntendQuery{};
  const bool leaving = intent == schema::Intent::LEAVING;
  const auto in = time_up_to(in_ms, leaving ? kLeavingMost : kIntendMost);
  if (!in || *in < Duration::minutes(1)) {
    return Refused(leaving ? "leaving is announced 1 minute to 24 hours ahead"
                           : "online-until is announced 1 minute to 7 days ahead");
  }
  return core::IntendQuery{leaving ? core::IntentKind::Leaving : core::IntentKind::OnlineUntil,
                           *in};
}

std::variant<Duration, Refused> please_for(std::uint64_t by_ms) {
  const auto by = time_up_to(by_ms, kPleaseMost);
  if (!by) return Refused("a friend is asked for 1 minute to 24 hours");
  return *by;
}

void write_reserve(const core::ReserveReport& from, schema::ReserveReply::Builder to) {
  to.setOk(from.ok);
  to.setId(from.id);
  to.setPayloadRate(from.payload_rate);
  to.setWireRate(from.wire_rate);
  to.setLastsMs(millis(from.lasts));
  to.setHow(from.how);
  to.setWhy(from.why);
  to.setNext(from.next);
  to.setBestRate(from.best_rate);
  to.setBestLastsMs(millis(from.best_lasts));
}

void write_done(const core::PromiseDone& from, schema::PromiseReply::Builder to) {
  to.setOk(from.ok);
  to.setWhat(from.what);
  to.setNext(from.next);
  to.setLeftMs(millis(from.left));
}

void write_promise(const core::PromiseReport& from, schema::Promise::Builder to) {
  to.setId(from.id);
  to.setKind(rpc::to_schema(from.kind));
  to.setFriendId(from.friend_id.value);
  to.setOurs(from.ours);
  to.setWith(from.with);
  to.setPayloadRate(from.payload_rate);
  to.setWireRate(from.wire_rate);
  to.setClass(from.lease_class == LeaseClass::Bulk ? schema::LeaseClass::BULK
                                                   : schema::LeaseClass::REALTIME);
  to.setStartsInMs(millis(from.starts_in));
  to.setLeftMs(millis(from.left));
  to.setState(from.state);
}

void write_announced(const core::PromisesReport& from, schema::RouterStatus::Builder to) {
  const auto own = with_friend(from, FriendId{});
  auto list = to.initAnnounced(static_cast<capnp::uint>(own.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) write_promise(*own[i], list[i]);
}

void write_promises_of(const core::PromisesReport& from, FriendId id,
                       schema::FriendStatus::Builder to) {
  const auto own = with_friend(from, id);
  auto list = to.initPromises(static_cast<capnp::uint>(own.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) write_promise(*own[i], list[i]);
  const auto at = std::find_if(from.record.begin(), from.record.end(),
                               [id](const auto& one) { return one.id == id; });
  if (at == from.record.end()) return;
  to.setKept(at->kept);
  to.setBroken(at->broken);
}

}  // namespace covfefe::router
