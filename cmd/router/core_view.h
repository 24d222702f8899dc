// SPDX-License-Identifier: Apache-2.0
// What the data thread has to know of the other services: the friend table, whether a keystore
// answers, what was remembered over the restart. Mail may be dropped; state must not be: it is sent
// again until it fits. Thread: control.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/records.h"
#include "config/config.h"
#include "mail.h"
#include "rpc/serve.h"

namespace covfefe::router {

class CoreView {
 public:
  CoreView(rpc::Service& service, DataMailbox& to_data) : service_(service), to_data_(to_data) {}
  // Both are borrowed and outlive the view.

  void set_config(const config::Config& now);
  // What of it the core has to know: the idle lane of each friend, what to say to a please.
  void set_friends(const std::vector<FriendRecord>& friends);
  void set_endorsed(const std::vector<FriendRecord>& endorsed);
  // Which records the keystore vouches for. Of any other the core gets neither trust nor
  // permission to be shown: who took peerdb can change what is in them.
  void keystore_up();
  // After a new keystore has the friend table: the core starts every pending handshake anew.
  void keystore_down();
  void remember(core::Remembered what);
  // Once; told after the friends.
  [[nodiscard]] bool keystore_is_up() const { return up_; }

  using Told = std::function<void(const std::vector<core::Friend>&)>;
  void on_table(Told told) { told_ = std::move(told); }
  // Told of every table that the core is told of.

 private:
  void renew_table();
  void update_table();
  void send_table();
  void sync();
  bool sync_policy();
  bool sync_remembered();
  bool sync_keystore();

  rpc::Service& service_;
  DataMailbox& to_data_;
  config::Shaping shaping_;
  IdleLane idle_lane_ = IdleLane::AlwaysOn;
  core::PromisePolicy policy_;
  std::vector<FriendRecord> friends_;
  std::map<FriendId, FriendRecord> endorsed_;
  std::vector<core::Friend> table_;
  Told told_ = [](const std::vector<core::Friend>&) {};
  std::optional<core::Remembered> remembered_;  // not yet told
  bool table_sent_ = true;
  bool policy_sent_ = true;
  bool up_ = false;
  bool up_sent_ = false;   // what the core believes
  bool down_due_ = false;  // a keystore went away since the core was told of it
  bool retrying_ = false;
};

}  // namespace covfefe::router
