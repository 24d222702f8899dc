// SPDX-License-Identifier: Apache-2.0
#include "core/build/lease_desk.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::core {

RequestId LeaseDesk::take(const LeaseTerms& terms) {
  if (asked_.size() == kMost) asked_.pop_front();
  const RequestId request = shared_.sink.next_request();
  asked_.push_back({request, terms.principal, true, shared_.now + kLate});
  effects_->ask(ShaperRequest{request, LeaseTake{terms}});
  return request;
}

void LeaseDesk::forget(RequestId request) {
  for (Asked& one : asked_) {
    if (one.request == request) one.waited = false;
  }
}

void LeaseDesk::release(FriendId principal, std::uint32_t lease) {
  CHECK(lease != 0);
  if (releases_.size() == kMost) releases_.pop_front();
  Release& release = releases_.emplace_back();
  release.principal = principal;
  release.lease = lease;
  send(release);
}

void LeaseDesk::send(Release& release) {
  release.request = shared_.sink.next_request();
  release.again_at = shared_.now + kAgain;
  ++release.tries;
  effects_->ask(ShaperRequest{release.request, LeaseRelease{release.principal, release.lease}});
}

LeaseDesk::Came LeaseDesk::came(const ShaperReply& reply) {
  // Granted or denied: it is not held any more.
  const auto released = std::erase_if(
      releases_, [&reply](const Release& one) { return one.request == reply.request; });
  if (released != 0) return Came::Late;
  const auto found = std::find_if(asked_.begin(), asked_.end(), [&reply](const Asked& one) {
    return one.request == reply.request;
  });
  if (found == asked_.end()) return Came::NotOurs;
  const Asked asked = *found;
  asked_.erase(found);
  if (asked.waited) return Came::Waited;
  if (const auto* grant = std::get_if<LeaseGrant>(&reply.answer)) {
    release(asked.principal, grant->lease);
  }
  return Came::Late;
}

void LeaseDesk::expire() {
  while (!asked_.empty() && asked_.front().forget_at <= shared_.now) asked_.pop_front();
  while (!releases_.empty() && releases_.front().again_at <= shared_.now) {
    Release again = releases_.front();
    releases_.pop_front();
    if (again.tries >= kReleases) continue;  // it ends by itself
    send(again);
    releases_.push_back(again);
  }
}

Instant LeaseDesk::next_deadline() const {
  const Instant asked = asked_.empty() ? Instant::never() : asked_.front().forget_at;
  return releases_.empty() ? asked : std::min(asked, releases_.front().again_at);
}

}  // namespace covfefe::core
