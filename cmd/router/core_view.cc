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

core::Visibility visibility_of(Visibility visibility) {
  switch (visibility) {
    case Visibility::Hidden:
      return core::Visibility::Hidden;
    case Visibility::RelayOnly:
      return core::Visibility::RelayOnly;
    case Visibility::Reachable:
      return core::Visibility::Reachable;
  }
  return core::Visibility::Hidden;
}

// All that the endorsement covers, and the endorsement.
bool same_word(const FriendRecord& one, FriendRecord other) {
  other.endpoints = one.endpoints;
  other.added_at = one.added_at;
  return one == other;
}

}  // namespace

void CoreView::set_config(const config::Config& now) {
  shaping_ = now.shaping;
  idle_lane_ = now.idle_lane;
  policy_ = {now.promises.please, now.promises.lend, now.link_overhead};
  policy_sent_ = false;
  update_table();
}

void CoreView::set_friends(const std::vector<FriendRecord>& friends) {
  friends_ = friends;
  renew_table();
  send_table();
}

void CoreView::set_endorsed(const std::vector<FriendRecord>& endorsed) {
  endorsed_.clear();
  for (const FriendRecord& one : endorsed) endorsed_.insert_or_assign(one.id, one);
  update_table();
}

void CoreView::update_table() {
  const std::vector<core::Friend> before = std::move(table_);
  renew_table();
  if (table_ != before) return send_table();
  sync();
}

void CoreView::send_table() {
  table_sent_ = false;
  told_(table_);
  sync();
}

void CoreView::renew_table() {
  table_.clear();
  for (const FriendRecord& one : friends_) {
    const auto known = endorsed_.find(one.id);
    const bool vouched = known != endorsed_.end() && same_word(one, known->second);
    table_.push_back({one.id, one.petname, vouched ? trust_of(one.trust) : core::Trust::None,
                      one.static_key, one.address, one.endpoints,
                      vouched ? visibility_of(one.visibility) : core::Visibility::Hidden,
                      config::idle_of(config::find_friend(shaping_, one.petname), idle_lane_)});
  }
}

void CoreView::remember(core::Remembered what) {
  remembered_ = std::move(what);
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
  const bool all_sent = table_sent_ && sync_policy() && sync_keystore() && sync_remembered();
  if (all_sent || retrying_) return;
  retrying_ = true;
  service_.run_beside(service_.timer().afterDelay(kRetry).then([this] {
    retrying_ = false;
    sync();
  }));
}

bool CoreView::sync_policy() {
  if (!policy_sent_)
    policy_sent_ = to_data_.push(core::PromisePolicy{policy_}) == os::Posted::Queued;
  return policy_sent_;
}

bool CoreView::sync_remembered() {
  if (!remembered_) return true;
  if (to_data_.push(core::Remembered{*remembered_}) == os::Posted::Dropped) return false;
  remembered_.reset();
  return true;
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
