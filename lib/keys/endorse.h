// SPDX-License-Identifier: Apache-2.0
// The mark that makes a record of the peer database a friend (Step N7, covfefe-protocol(7)): a MAC
// under a key of the sealed file, so that neither router nor peerdb can add or alter a friend.
#pragma once

#include "base/records.h"
#include "base/result.h"
#include "keys/root_keys.h"

namespace covfefe::keys {

[[nodiscard]] ByteArray<32> endorsement_of(const RootKeys& root, const FriendRecord& record);
// BLAKE2b-256 under the endorsement key over "covfefe friend v1" || petname length 1 || petname ||
// trust 1 || identity 32 || static 32 || service 32 || address 16 || serial 8. For a friend who is
// shown otherwise than as a relay: "covfefe friend v2" || visibility 1 instead of the label. The
// record's own endorsement, id, endpoints and added_at do not enter.

[[nodiscard]] Result<void> check_friend(const RootKeys& root, const FriendRecord& record);
// May this record be endorsed at all? WrongValue: an empty or overlong petname, a zero key, one of
// this node's own keys or the same key twice. Forged: the address is not that of the service key.

[[nodiscard]] bool is_endorsed(const RootKeys& root, const FriendRecord& record);
// Constant time in the MAC.

}  // namespace covfefe::keys
