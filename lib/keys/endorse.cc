// SPDX-License-Identifier: Apache-2.0
#include "keys/endorse.h"

#include <algorithm>
#include <array>

#include "crypto/address.h"

namespace covfefe::keys {
namespace {

constexpr std::string_view kLabel = "covfefe friend v1";
constexpr std::string_view kLabelShown = "covfefe friend v2";

bool has_strange_key(const RootKeys& root, const FriendRecord& record) {
  const PublicIdentity& own = root.identity();
  std::array<crypto::PublicKey, 6> keys{record.identity_key, record.static_key, record.service_key,
                                        own.identity_key,    own.static_key,    own.service_key};
  std::sort(keys.begin(), keys.end());
  return all_zero(keys.front()) || std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

}  // namespace

ByteArray<32> endorsement_of(const RootKeys& root, const FriendRecord& record) {
  // What was endorsed before there was a choice is what is chosen by saying nothing.
  const bool chosen = record.visibility != Visibility::RelayOnly;
  const ByteArray<1> shown{static_cast<std::uint8_t>(record.visibility)};
  const ByteArray<1> length{static_cast<std::uint8_t>(record.petname.size())};
  const ByteArray<1> trust{static_cast<std::uint8_t>(record.trust)};
  ByteArray<8> serial{};
  store_le(serial.data(), record.serial);
  return root.mac({bytes_of(chosen ? kLabelShown : kLabel), chosen ? ByteView(shown) : ByteView(),
                   length, bytes_of(record.petname), trust, record.identity_key, record.static_key,
                   record.service_key, record.address.bytes, serial});
}

Result<void> check_friend(const RootKeys& root, const FriendRecord& record) {
  if (record.petname.empty() || record.petname.size() > kMaxPetname) return Reject::WrongValue;
  if (has_strange_key(root, record)) return Reject::WrongValue;
  if (crypto::overlay_address(record.service_key) != record.address) return Reject::Forged;
  return {};
}

bool is_endorsed(const RootKeys& root, const FriendRecord& record) {
  return crypto::equal(endorsement_of(root, record), record.endorsement);
}

}  // namespace covfefe::keys
