// SPDX-License-Identifier: Apache-2.0
#include "core/promise/desk.h"

#include <algorithm>
#include <utility>

namespace covfefe::core {

RequestId LedgerDesk::ask(const Asker& asker, decltype(ShaperRequest::what) what) {
  const RequestId request = sink_.next_request();
  errands_.insert_or_assign(request.value, Errand{asker, now_});
  due_ = std::min(due_, now_ + kForgotten);
  effects_->ask(ShaperRequest{request, std::move(what)});
  return request;
}

RequestId LedgerDesk::take(const Asker& asker, const LeaseTerms& terms) {
  return ask(asker, LeaseTake{terms});
}

RequestId LedgerDesk::extend(const Asker& asker, std::uint32_t lease, Duration by) {
  return ask(asker, LeaseExtend{asker.principal, lease, by});
}

void LedgerDesk::release(FriendId principal, const LeaseGrant& grant) {
  if (grant.lease == 0 || grant.until <= now_) return;
  if (releases_.size() == kReleasesMost) return;  // then it ends at its time
  post(releases_.emplace_back(Release{principal, grant, {}, {}}));
}

void LedgerDesk::post(Release& release) {
  release.request = sink_.next_request();
  release.due = now_ + kPatience;
  due_ = std::min(due_, release.due);
  effects_->ask(
      ShaperRequest{release.request, LeaseRelease{release.principal, release.grant.lease}});
}

void LedgerDesk::given_up(RequestId request) {
  const auto found = errands_.find(request.value);
  if (found != errands_.end()) found->second.is = Errand::Is::GivenUp;
}

LedgerDesk::Reply LedgerDesk::answered(const ShaperReply& reply) {
  const auto released = std::ranges::find(releases_, reply.request, &Release::request);
  if (released != releases_.end()) {
    releases_.erase(released);
    return {Reply::For::Done};
  }
  const auto found = errands_.find(reply.request.value);
  if (found == errands_.end()) return {};
  const Errand errand = found->second;
  errands_.erase(found);
  if (errand.is == Errand::Is::Awaited) return {Reply::For::Asker, errand.asker};
  if (const auto* grant = std::get_if<LeaseGrant>(&reply.answer)) {
    release(errand.asker.principal, *grant);
  }
  return {Reply::For::Done};
}

void LedgerDesk::timer() {
  if (now_ < due_) return;
  due_ = Instant::never();
  std::erase_if(errands_, [&](const auto& one) { return one.second.asked + kForgotten <= now_; });
  for (const auto& [id, errand] : errands_) due_ = std::min(due_, errand.asked + kForgotten);
  std::erase_if(releases_, [&](const Release& one) { return one.grant.until <= now_; });
  for (Release& one : releases_) {
    if (one.due <= now_) post(one);
    due_ = std::min(due_, one.due);
  }
}

}  // namespace covfefe::core
