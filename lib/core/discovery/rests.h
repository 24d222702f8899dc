// SPDX-License-Identifier: Apache-2.0
// Hops at which builds failed, and until when they rest (Step D11, covfefe-protocol(7)). At most
// 4,096 of a kind. Thread: data.
#pragma once

#include <map>

#include "core/discovery/path.h"

namespace covfefe::core {

template <typename Key>
class Rests {
 public:
  struct Rest {
    Instant until;
    unsigned failures = 0;
  };

  void failed(const Key& key, Instant now) {
    if (rests_.size() >= kMost && !rests_.contains(key)) make_room(now);
    Rest& rest = rests_[key];
    rest.failures = std::min(rest.failures + 1, kFailuresMost);
    rest.until = now + std::min(kFirst * (std::int64_t{1} << (rest.failures - 1)), kLongest);
  }
  void worked(const Key& key) { rests_.erase(key); }

  [[nodiscard]] const Rest* find(const Key& key, Instant now) const {
    const auto found = rests_.find(key);
    return found != rests_.end() && found->second.until > now ? &found->second : nullptr;
  }
  // None: it may be tried.
  [[nodiscard]] std::size_t size() const { return rests_.size(); }

 private:
  static constexpr std::size_t kMost = 4096;
  static constexpr unsigned kFailuresMost = 16;
  static constexpr Duration kFirst = Duration::seconds(2);
  static constexpr Duration kLongest = Duration::minutes(5);

  void make_room(Instant now) {
    std::erase_if(rests_, [now](const auto& entry) { return entry.second.until <= now; });
    if (rests_.size() >= kMost) rests_.clear();
  }

  std::map<Key, Rest> rests_;
};

}  // namespace covfefe::core
