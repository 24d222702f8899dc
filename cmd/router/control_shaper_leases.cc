// SPDX-License-Identifier: Apache-2.0
// The part of ShaperControl that takes, extends and gives back leases.
#include <algorithm>

#include "control_shaper.h"

namespace covfefe::router {
namespace {

using schema::ShaperForRouter;

constexpr kj::Duration kLook = 50 * kj::MILLISECONDS;  // for requests that waited too long
constexpr std::size_t kMostReleases = 64;              // under way
constexpr std::size_t kMostToGiveBack = kMostLeases;

std::uint64_t millis_of(Duration time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.nanoseconds, 0) / 1'000'000);
}

}  // namespace

void ShaperControl::ask(const core::ShaperRequest& request) {
  if (const auto* what = std::get_if<core::LeaseRelease>(&request.what)) {
    return release(request.request, *what);
  }
  KJ_IF_MAYBE (client, client_) {
    if (introduced_ && in_flight_ < kMostShaperCalls) {
      if (const auto* what = std::get_if<core::LeaseTake>(&request.what)) {
        return take(*client, request.request, *what);
      }
      return extend(*client, request.request, std::get<core::LeaseExtend>(request.what));
    }
  }
  refuse(request.request, LeaseRefusal::Unavailable);
}

void ShaperControl::take(Client& client, RequestId request, const core::LeaseTake& what) {
  if (what.terms.over.empty()) return refuse(request, LeaseRefusal::BadRequest);
  auto call = client.takeRequest();
  rpc::write_terms(what.terms, call.initTerms());
  await(call.send().then([](capnp::Response<ShaperForRouter::TakeResults>&& answer) {
    return rpc::answer_from(answer.getAnswer());
  }),
        request, what);
}

void ShaperControl::extend(Client& client, RequestId request, const core::LeaseExtend& what) {
  if (mirror_.find(what.principal, what.lease) == nullptr) {
    return refuse(request, LeaseRefusal::NotYours);
  }
  auto call = client.extendRequest();
  call.setPrincipal(what.principal.value);
  call.setId(what.lease);
  call.setByMs(millis_of(what.by));
  await(call.send().then([](capnp::Response<ShaperForRouter::ExtendResults>&& answer) {
    return rpc::answer_from(answer.getAnswer());
  }),
        request, what);
}

// The mirror decides: what is not in it any more is given back to whatever shaper still holds it.
void ShaperControl::release(RequestId request, const core::LeaseRelease& what) {
  const Lease* const held = mirror_.find(what.principal, what.lease);
  if (held == nullptr) return refuse(request, LeaseRefusal::NotYours);
  LeaseGrant ended = held->grant;
  ended.until = std::min(ended.until, needs_.now());
  ended.from = std::min(ended.from, ended.until);
  mirror_.drop(what.lease);
  give_back(what.lease, what.principal);
  reply(request, ended);
}

void ShaperControl::await(kj::Promise<Result<rpc::LeaseAnswer>> answer, RequestId request,
                          What what) {
  ++in_flight_;
  waiting_.insert_or_assign(request, needs_.now());
  watch_patience();
  const std::uint64_t epoch = epoch_;
  needs_.service.run_beside(answer.then(
      [this, epoch, request, what](Result<rpc::LeaseAnswer>&& got) {
        if (epoch == epoch_) answered(request, what, got);
      },
      [this, epoch, request, what](kj::Exception&&) {
        if (epoch == epoch_) answered(request, what, rpc::LeaseAnswer{LeaseDenied{}});
      }));
}

void ShaperControl::answered(RequestId request, const What& what,
                             const Result<rpc::LeaseAnswer>& answer) {
  --in_flight_;
  rpc::LeaseAnswer out = answer ? *answer : disbelieve("answer");
  if (const auto* grant = std::get_if<LeaseGrant>(&out)) {
    const LeaseGrant given = *grant;
    const auto* taken = std::get_if<core::LeaseTake>(&what);
    out = taken != nullptr ? granted(*taken, given)
                           : granted(std::get<core::LeaseExtend>(what), given);
  }
  const bool heard = waiting_.erase(request) != 0 && reply(request, out) == os::Posted::Queued;
  if (heard) return;
  // A lease that the core does not know of is nobody's. One that was extended unheard ends later
  // than its holder believes.
  const auto* grant = std::get_if<LeaseGrant>(&out);
  const auto* taken = std::get_if<core::LeaseTake>(&what);
  if (grant == nullptr || taken == nullptr) return;
  mirror_.drop(grant->lease);
  give_back(grant->lease, taken->terms.principal);
}

rpc::LeaseAnswer ShaperControl::granted(const core::LeaseTake& what, const LeaseGrant& grant) {
  const bool right = fits(what.terms, grant, needs_.now()) == Fit::Right;
  if (!right || !mirror_.put({what.terms, grant})) return disbelieve("grant");
  return grant;
}

rpc::LeaseAnswer ShaperControl::granted(const core::LeaseExtend& what, const LeaseGrant& grant) {
  const Lease* const before = mirror_.find(what.principal, what.lease);
  // It was given back or revoked while the shaper thought.
  if (before == nullptr) return LeaseDenied{LeaseRefusal::NotYours, 0, {}};
  if (extends(*before, grant, what.by) == Fit::Wrong) return disbelieve("extension");
  mirror_.replace(grant);
  return grant;
}

rpc::LeaseAnswer ShaperControl::disbelieve(const char* what) {
  if (disbelieved_++ == 0) {
    needs_.log.record(Level::Error, "shaper-breaks-the-contract", {{"in", what}});
  }
  return LeaseDenied{};
}

void ShaperControl::refuse(RequestId request, LeaseRefusal why) {
  reply(request, LeaseDenied{why, 0, {}});
}

os::Posted ShaperControl::reply(RequestId request, const rpc::LeaseAnswer& answer) {
  return needs_.to_data.push(core::ShaperReply{request, answer});
}

void ShaperControl::watch_patience() {
  if (std::exchange(watching_, true)) return;
  needs_.service.run_beside(needs_.service.timer().afterDelay(kLook).then([this] {
    watching_ = false;
    lose_patience();
    if (!waiting_.empty()) watch_patience();
  }));
}

void ShaperControl::lose_patience() {
  const Instant now = needs_.now();
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (now - at->second < kShaperPatience) {
      ++at;
      continue;
    }
    ++unanswered_;
    const RequestId request = at->first;
    at = waiting_.erase(at);
    refuse(request, LeaseRefusal::Unavailable);
  }
}

void ShaperControl::give_back(std::uint32_t id, FriendId principal) {
  if (client_ == nullptr || give_back_.size() >= kMostToGiveBack) return;
  give_back_.insert_or_assign(id, principal);
  send_releases();
}

void ShaperControl::send_releases() {
  KJ_IF_MAYBE (client, client_) {
    while (!give_back_.empty() && releases_in_flight_ < kMostReleases) {
      const auto [id, principal] = *give_back_.begin();
      give_back_.erase(give_back_.begin());
      auto call = client->releaseRequest();
      call.setPrincipal(principal.value);
      call.setId(id);
      ++releases_in_flight_;
      const std::uint64_t epoch = epoch_;
      const auto done = [this, epoch] {
        if (epoch != epoch_) return;
        --releases_in_flight_;
        send_releases();
      };
      needs_.service.run_beside(
          call.send().ignoreResult().then([done] { done(); }, [done](kj::Exception&&) { done(); }));
    }
  }
}

void ShaperControl::tend() {
  mirror_.sweep(needs_.now());
}

}  // namespace covfefe::router
