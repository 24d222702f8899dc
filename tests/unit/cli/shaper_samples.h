// SPDX-License-Identifier: Apache-2.0
// A shaper that has something to show.
#pragma once

#include "shaper_views.h"

namespace covfefe::cli {

inline FriendState friend_sample(std::uint32_t id) {
  FriendState out;
  out.id = id;
  out.name = "friend-" + std::to_string(id);
  out.level = "met";
  out.weight = 1;
  out.idle = "always-on";
  out.idle_period_ms = 250;
  out.rate = 1'000 * id;
  out.entitled = 100'000 / id;
  out.queued_bytes = id % 7 * 1'400;
  out.leased = id % 3 * 100;
  out.dropped = id % 5;
  return out;
}

inline ShaperState busy_shaper(std::uint32_t friends) {
  ShaperState out;
  out.at_ns = 10'000'000'000;
  out.queue = {true, 1'150'000, 5'000'000, 4'000, 14'000, 10, 3, 0, 2};
  out.capacity = {1'250'000, true, 1'150'000, 1'100'000, "steady", "no link's delay rises",
                  180,       1.2,  2,         5};
  out.ledger = {880'000, 50'000, 4'096, 0, 25'600, 1, 0, {}, 2};
  out.ledger.leases = {{12, "friend-1", {"friend-1"}, "realtime", 25'600, 0, 9'000}};
  ClassState met;
  met.name = "met";
  met.weight = 8;
  met.reserve = 10'000;
  met.scale = 875;
  met.sent_bytes = 4'000'000;
  ClassState control;
  control.name = "control";
  control.sent_bytes = 100'000;
  out.classes = {control, met};
  for (std::uint32_t id = 1; id <= friends; ++id) out.friends.push_back(friend_sample(id));
  return out;
}

}  // namespace covfefe::cli
