// SPDX-License-Identifier: Apache-2.0
#include "core_view.h"

namespace covfefe::router {
namespace {

constexpr kj::Duration kRetry = 50 * kj::MILLISECONDS;

core::Trust trust_of(TrustLevel level) {
  switch (level) {
    case TrustLevel::None:
      return core::Trust::None;
    case TrustLevel::Introduced:
      return core::Trust::Introduced;
    case TrustLevel::Known:
      return core::Trust::Known;
    case TrustLevel::Met:
      return core::Trust::Met;
  }
  return core::Trust::None;
}

}  // namespace

void CoreView::set_friends(const std::vector<FriendRecord>& friends) {
  table_.clear();
  for (const FriendRecord& one : friends) {
    table_.push_back(
        {one.id, one.petname, trust_of(one.trust), one.static_key, one.address, one.endpoints});
  }
  table_sent_ = false;
  sync();
}

void CoreView::keystore_up() {
  up_ = true;
  sync();
}

void CoreView::keystore_down() {
  if (up_ || up_sent_) down_due_ = true;
  up_ = false;
  sync();
}

void CoreView::sync() {
  if (!table_sent_) {
    table_sent_ = to_data_.push(core::FriendTable{table_}) == os::Posted::Queued;
  }
  if ((table_sent_ && sync_keystore()) || retrying_) return;
  retrying_ = true;
  service_.run_beside(service_.timer().afterDelay(kRetry).then([this] {
    retrying_ = false;
    sync();
  }));
}

bool CoreView::sync_keystore() {
  if (down_due_ && up_sent_) {
    if (to_data_.push(core::KeystoreDown{}) == os::Posted::Dropped) return false;
    up_sent_ = false;
  }
  down_due_ = false;
  if (up_ && !up_sent_) {
    if (to_data_.push(core::KeystoreUp{}) == os::Posted::Dropped) return false;
    up_sent_ = true;
  }
  return true;
}

}  // namespace covfefe::router
