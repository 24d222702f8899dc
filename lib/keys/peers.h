// SPDX-License-Identifier: Apache-2.0
// With whom handshakes are run: the friends that the router loaded and whose endorsement holds, and
// the greatest timestamp seen of each. Thread: one.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/records.h"
#include "keys/contents.h"
#include "keys/tai64n.h"

namespace covfefe::keys {

struct Seen {
  crypto::PublicKey static_key{};
  Tai64n timestamp;
};

struct LoadCount {
  std::uint32_t accepted = 0;
  std::uint32_t refused = 0;
  std::vector<FriendId> left_out;  // the refused ones' numbers
};

[[nodiscard]] bool is_current(const RootKeys& root, const FriendRecord& record,
                              const Endorsed& listed);
// Is this record good now? Its endorsement verifies, its serial is within listed.floor..newest and
// its static key is the listed one. `listed` is the entry of its identity.

class Peers {
 public:
  LoadCount load(Contents& contents, std::span<const FriendRecord> records,
                 std::span<const Seen> seen);
  // Replaces the table. A record is accepted if its identity is listed in `contents` and it
  // is_current. Accepting the higher serial raises the floor to it: `contents` then differs from
  // the disk. `seen` never lowers a timestamp that is known already.

  [[nodiscard]] std::optional<crypto::PublicKey> identity_of(
      const crypto::PublicKey& static_key) const;
  // Nothing when no such friend is loaded.
  void forget(const crypto::PublicKey& identity_key);

  [[nodiscard]] bool is_newer(const crypto::PublicKey& static_key, Tai64n timestamp) const;
  void saw(const crypto::PublicKey& static_key, Tai64n timestamp);
  [[nodiscard]] std::size_t size() const { return loaded_.size(); }

 private:
  static bool accept(const RootKeys& root, const FriendRecord& record, Endorsed& listed);
  void keep_seen_of(const Contents& contents);

  std::map<crypto::PublicKey, crypto::PublicKey> loaded_;  // static → identity
  std::map<crypto::PublicKey, Tai64n> seen_;
  // Of every endorsed friend, loaded or not: a router cannot make us forget by loading less.
};

}  // namespace covfefe::keys
