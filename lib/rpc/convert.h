// SPDX-License-Identifier: Apache-2.0
// Schema readers to validated values and back: the only place where bytes of a contract become
// records. Lengths are exact, petnames obey their rule, lists their bounds; anything else is
// refused as a whole. Readers may throw kj::Exception where a message lies about its pointers:
// callers run inside a KJ call, whose caller gets that as a failed call.
#pragma once

#include <capnp/common.h>
#include <schema/common.capnp.h>
#include <schema/inspect.capnp.h>
#include <schema/keystore.capnp.h>
#include <schema/peerdb.capnp.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/records.h"
#include "base/result.h"

namespace covfefe::rpc {

inline constexpr std::size_t kMaxFriends = 4096;
// In one list on any edge; at about 60 words a friend that needs kFriendListWords.
inline constexpr std::uint64_t kFriendListWords = 512 * 1024;
// Traversal limit of edges that carry whole friend tables: 4,096 friends with 8 endpoints and a
// petname each, with room.

struct IdentityRecord {
  std::string name;
  ByteArray<32> identity_key{};      // Ed25519
  ByteArray<32> static_key{};        // X25519
  ByteArray<64> static_signature{};  // by identity_key
  ByteArray<32> service_key{};       // Ed25519
  Address address;
  bool operator==(const IdentityRecord&) const = default;
};

struct SeenTimestamp {
  ByteArray<32> static_key{};
  ByteArray<12> timestamp{};  // TAI64N
};

[[nodiscard]] inline ByteView as_view(capnp::Data::Reader data) {
  return {data.begin(), data.size()};
}
[[nodiscard]] inline capnp::Data::Reader as_data(ByteView bytes) {
  return {bytes.data(), bytes.size()};
}
[[nodiscard]] inline std::string text(capnp::Text::Reader from) {
  return {from.begin(), from.size()};
}

template <std::size_t N>
[[nodiscard]] Result<ByteArray<N>> exactly(capnp::Data::Reader from) {
  if (from.size() != N) return Reject::WrongLength;
  ByteArray<N> out;
  copy(as_view(from), out);
  return out;
}

[[nodiscard]] bool is_petname(std::string_view text);
// 1..63 of [a-z0-9-], not starting or ending with a hyphen.

[[nodiscard]] Result<TrustLevel> trust_from(schema::Trust trust);
[[nodiscard]] schema::Trust to_schema(TrustLevel trust);

[[nodiscard]] Result<Visibility> visibility_from(schema::Visibility visibility);
[[nodiscard]] schema::Visibility to_schema(Visibility visibility);

[[nodiscard]] Result<covfefe::Endpoint> endpoint_from(schema::Endpoint::Reader from);
// Port 1..65535; a scope does not travel.
void write_endpoint(const covfefe::Endpoint& from, schema::Endpoint::Builder to);

[[nodiscard]] Result<FriendRecord> friend_from(schema::Friend::Reader from);
// `endorsement` may also be empty (not endorsed yet): it is all zero then.
void write_friend(const FriendRecord& from, schema::Friend::Builder to);

[[nodiscard]] Result<std::vector<FriendRecord>> friends_from(
    capnp::List<schema::Friend>::Reader from);
// All or nothing; at most kMaxFriends, of whom no two share a number, name, key or address.
template <typename Params>
void write_friends(const std::vector<FriendRecord>& from, Params&& to) {
  auto list = to.initFriends(static_cast<capnp::uint>(from.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) write_friend(from[i], list[i]);
}
// Into the params or results of any method with a list named `friends`.

[[nodiscard]] Result<IdentityRecord> identity_from(schema::Identity::Reader from);
// Reject::Overloaded for the empty identity of a locked keystore.
void write_identity(const IdentityRecord& from, schema::Identity::Builder to);

[[nodiscard]] Result<MetricSample> sample_from(schema::MetricSample::Reader from);
void write_sample(const MetricSample& from, schema::MetricSample::Builder to);
[[nodiscard]] Result<std::vector<MetricSample>> samples_from(
    capnp::List<schema::MetricSample>::Reader from, std::size_t at_most);

[[nodiscard]] Result<CatalogueRecord> catalogue_from(schema::Catalogue::Reader from);
// Somebody's, whole descriptors, at most kMaxCatalogue bytes.
void write_catalogue(const CatalogueRecord& from, schema::Catalogue::Builder to);
[[nodiscard]] Result<std::vector<CatalogueRecord>> catalogues_from(
    capnp::List<schema::Catalogue>::Reader from);
// At most kCataloguesInPage, in order of id.

[[nodiscard]] Result<std::vector<Address>> destinations_from(capnp::List<capnp::Data>::Reader from);
// At most kMaxDestinations overlay addresses.

[[nodiscard]] Result<SeenTimestamp> seen_from(schema::KeystoreForRouter::Seen::Reader from);
void write_seen(const SeenTimestamp& from, schema::KeystoreForRouter::Seen::Builder to);

}  // namespace covfefe::rpc
