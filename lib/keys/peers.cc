// SPDX-License-Identifier: Apache-2.0
#include "keys/peers.h"

#include <set>

#include "keys/endorse.h"

namespace covfefe::keys {

LoadCount Peers::load(Contents& contents, std::span<const FriendRecord> records,
                      std::span<const Seen> seen) {
  std::map<crypto::PublicKey, Endorsed*> listed;
  for (Endorsed& one : contents.friends) listed.emplace(one.identity_key, &one);
  LoadCount count;
  loaded_.clear();
  for (const FriendRecord& record : records) {
    const auto found = listed.find(record.identity_key);
    const bool valid = found != listed.end() && accept(contents.root, record, *found->second);
    const bool fresh = valid && loaded_.emplace(record.static_key, record.identity_key).second;
    ++(fresh ? count.accepted : count.refused);
    if (!fresh) count.left_out.push_back(record.id);
  }
  for (const Seen& one : seen) {
    if (is_newer(one.static_key, one.timestamp)) saw(one.static_key, one.timestamp);
  }
  keep_seen_of(contents);
  return count;
}

bool is_current(const RootKeys& root, const FriendRecord& record, const Endorsed& listed) {
  if (record.serial < listed.floor || record.serial > listed.newest) return false;
  return listed.static_key == record.static_key && is_endorsed(root, record);
}

bool Peers::accept(const RootKeys& root, const FriendRecord& record, Endorsed& listed) {
  if (!is_current(root, record, listed)) return false;
  // From here on this endorsement is in use, and an older record would be a step back.
  listed.floor = record.serial;
  return true;
}

void Peers::keep_seen_of(const Contents& contents) {
  std::set<crypto::PublicKey> endorsed;
  for (const Endorsed& one : contents.friends) endorsed.insert(one.static_key);
  std::erase_if(seen_, [&endorsed](const auto& one) { return !endorsed.contains(one.first); });
}

std::optional<crypto::PublicKey> Peers::identity_of(const crypto::PublicKey& static_key) const {
  const auto found = loaded_.find(static_key);
  if (found == loaded_.end()) return {};
  return found->second;
}

void Peers::forget(const crypto::PublicKey& identity_key) {
  std::erase_if(loaded_, [&](const auto& one) { return one.second == identity_key; });
}

bool Peers::is_newer(const crypto::PublicKey& static_key, Tai64n timestamp) const {
  const auto found = seen_.find(static_key);
  return found == seen_.end() || timestamp > found->second;
}

void Peers::saw(const crypto::PublicKey& static_key, Tai64n timestamp) {
  seen_[static_key] = timestamp;
}

}  // namespace covfefe::keys
