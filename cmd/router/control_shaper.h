// SPDX-License-Identifier: Apache-2.0
// The edge router.shaper: the shaper connects, the router calls. Carries the core's leases to the
// ledger and mirrors what was granted, so that a shaper that was restarted gets them back and a
// router that was finds them; tells the shaper which flows are whose; fetches the history of the
// uplink. What the shaper says is checked: it may refuse everything, but no answer of it breaks
// this process, and one that never comes holds nobody up. Thread: control.
#pragma once

#include <schema/shaper.capnp.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "base/log.h"
#include "lease_mirror.h"
#include "mail.h"
#include "rpc/leases.h"
#include "rpc/serve.h"
#include "sure_mail.h"

namespace covfefe::router {

inline constexpr Duration kShaperPatience = Duration::millis(500);
// After it a request counts as refused; what is granted later is given back.
inline constexpr std::size_t kMostShaperCalls = 256;   // take and extend under way
inline constexpr std::size_t kRememberedMinutes = 10;  // as many as admission looks back on

class ShaperControl final : public rpc::EdgeHandler {
 public:
  struct Needs {
    rpc::Service& service;
    DataMailbox& to_data;
    SureMail& sure;
    Log& log;
    std::function<Instant()> now;
    std::function<void(const std::vector<CapacityRecord>&)> measured;  // new minutes, oldest first
  };
  explicit ShaperControl(Needs needs) : needs_(std::move(needs)) {}

  void connected(capnp::Capability::Client peer) override;
  void gone() override;

  void ask(const core::ShaperRequest& request);
  // Answered by mail, Unavailable when no shaper is there, too many calls are under way or none
  // was answered in time. A release is good at once, whether a shaper is there or not.
  void set_places(std::vector<core::LinkPlace> places);
  void set_friends(const std::vector<core::Friend>& friends);
  // All there are; the shaper is told of links that have both a place and a friend.
  void recall(const std::vector<CapacityRecord>& newest_first);
  // What peerdb remembers of the uplink, once at start.
  void measure();
  // Every minute: fetches what the shaper measured since.
  void tend();
  // Every second: leases that ended leave, what is to be given back is given back.
  [[nodiscard]] kj::Promise<std::string> sentence();
  // About its state, for `why`; empty without a shaper.
  void revoked(std::uint32_t id, schema::LeaseRefusal why);
  // For the observer that the shaper holds.

  [[nodiscard]] rpc::CallCount& observer_calls() { return observer_calls_; }
  [[nodiscard]] std::size_t leases() const { return mirror_.size(); }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] std::uint64_t unanswered() const { return unanswered_; }
  [[nodiscard]] std::uint64_t disbelieved() const { return disbelieved_; }
  // Answers that no honest shaper gives.

 private:
  using Client = schema::ShaperForRouter::Client;
  using What = decltype(core::ShaperRequest::what);

  void introduce();
  void adopt(const std::vector<Lease>& held);
  void restore();
  void restored(const std::vector<Lease>& given, capnp::List<std::uint32_t>::Reader kept);
  void again(void (ShaperControl::*act)());
  void send_recall();
  void send_places();
  void keep_minutes(const std::vector<CapacityRecord>& oldest_first);

  void take(Client& client, RequestId request, const core::LeaseTake& what);
  void extend(Client& client, RequestId request, const core::LeaseExtend& what);
  void release(RequestId request, const core::LeaseRelease& what);
  void await(kj::Promise<Result<rpc::LeaseAnswer>> answer, RequestId request, What what);
  void answered(RequestId request, const What& what, const Result<rpc::LeaseAnswer>& answer);
  [[nodiscard]] rpc::LeaseAnswer granted(const core::LeaseTake& what, const LeaseGrant& grant);
  [[nodiscard]] rpc::LeaseAnswer granted(const core::LeaseExtend& what, const LeaseGrant& grant);
  os::Posted reply(RequestId request, const rpc::LeaseAnswer& answer);
  void refuse(RequestId request, LeaseRefusal why);
  void watch_patience();
  void lose_patience();
  void give_back(std::uint32_t id, FriendId principal);
  void send_releases();
  rpc::LeaseAnswer disbelieve(const char* what);

  Needs needs_;
  kj::Maybe<Client> client_;
  std::uint64_t epoch_ = 0;  // of the connection: what an earlier one answers late is not for us
  bool introduced_ = false;  // it knows the leases: it may be asked for more
  bool told_known_ = false;  // the core knows what the first shaper of this run held
  LeaseMirror mirror_;

  std::map<RequestId, Instant> waiting_;  // since when the core waits for each
  std::size_t in_flight_ = 0;
  bool watching_ = false;
  std::map<std::uint32_t, FriendId> give_back_;  // leases that are nobody's; id and who pays
  std::size_t releases_in_flight_ = 0;

  std::optional<std::vector<core::LinkPlace>> places_;  // nothing until the core told
  std::map<FriendId, core::Friend> friends_;
  bool placing_ = false;
  bool place_again_ = false;

  std::deque<std::uint64_t> lows_;  // of the newest minutes with a limit, oldest first
  bool measuring_ = false;

  rpc::CallCount observer_calls_;
  std::uint64_t unanswered_ = 0;
  std::uint64_t disbelieved_ = 0;
};

}  // namespace covfefe::router
