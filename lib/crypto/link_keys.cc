// SPDX-License-Identifier: Apache-2.0
#include "crypto/link_keys.h"

#include "crypto/hash.h"

namespace covfefe::crypto {
namespace {

enum : std::uint64_t { kIdAead = 1, kIdHeader = 2, kIdLinkCircuit = 3, kIdExport = 4 };

DirectionKeys derive_direction(KeyView master) {
  return {kdf(master, kIdAead, "cvlink_1"), kdf(master, kIdHeader, "cvlink_1"),
          kdf(master, kIdLinkCircuit, "cvlink_1")};
}

}  // namespace

LinkKeys derive_link_keys(Role role, KeyView send_master, KeyView receive_master) {
  const SecretKey mine = kdf(send_master, kIdExport, "cvlink_1");
  const SecretKey theirs = kdf(receive_master, kIdExport, "cvlink_1");
  const bool initiator = role == Role::Initiator;
  LinkKeys out{derive_direction(send_master), derive_direction(receive_master), {}};
  blake2b({}, {(initiator ? mine : theirs).view(), (initiator ? theirs : mine).view()},
          out.export_key.mutable_view());
  return out;
}

}  // namespace covfefe::crypto
