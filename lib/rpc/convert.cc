// SPDX-License-Identifier: Apache-2.0
#include "rpc/convert.h"

#include <algorithm>
#include <set>

namespace covfefe::rpc {
namespace {

constexpr std::size_t kMaxName = 63;  // of a node: shown, never compared

bool is_shown_name(std::string_view name) {
  return name.size() <= kMaxName && std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return c >= 0x20 && c != 0x7f;
         });
}

template <std::size_t N>
bool take(capnp::Data::Reader from, ByteArray<N>& into) {
  if (from.size() != N) return false;
  copy(as_view(from), into);
  return true;
}

}  // namespace

bool is_petname(std::string_view name) {
  if (name.empty() || name.size() > kMaxPetname) return false;
  if (name.front() == '-' || name.back() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<TrustLevel> trust_from(schema::Trust trust) {
  switch (trust) {
    case schema::Trust::NONE:
      return TrustLevel::None;
    case schema::Trust::INTRODUCED:
      return TrustLevel::Introduced;
    case schema::Trust::KNOWN:
      return TrustLevel::Known;
    case schema::Trust::MET:
      return TrustLevel::Met;
  }
  return Reject::WrongValue;
}

schema::Trust to_schema(TrustLevel trust) {
  switch (trust) {
    case TrustLevel::None:
      return schema::Trust::NONE;
    case TrustLevel::Introduced:
      return schema::Trust::INTRODUCED;
    case TrustLevel::Known:
      return schema::Trust::KNOWN;
    case TrustLevel::Met:
      return schema::Trust::MET;
  }
  return schema::Trust::NONE;
}

Result<Visibility> visibility_from(schema::Visibility visibility) {
  switch (visibility) {
    case schema::Visibility::HIDDEN:
      return Visibility::Hidden;
    case schema::Visibility::RELAY_ONLY:
      return Visibility::RelayOnly;
    case schema::Visibility::REACHABLE:
      return Visibility::Reachable;
  }
  return Reject::WrongValue;
}

schema::Visibility to_schema(Visibility visibility) {
  switch (visibility) {
    case Visibility::Hidden:
      return schema::Visibility::HIDDEN;
    case Visibility::RelayOnly:
      return schema::Visibility::RELAY_ONLY;
    case Visibility::Reachable:
      return schema::Visibility::REACHABLE;
  }
  return schema::Visibility::HIDDEN;
}

Result<covfefe::Endpoint> endpoint_from(schema::Endpoint::Reader from) {
  Endpoint out;
  if (!take(from.getIp(), out.ip.bytes)) return Reject::WrongLength;
  if (from.getPort() == 0) return Reject::WrongValue;
  out.port = from.getPort();
  return out;
}

void write_endpoint(const covfefe::Endpoint& from, schema::Endpoint::Builder to) {
  to.setIp(as_data(from.ip.bytes));
  to.setPort(from.port);
}

Result<FriendRecord> friend_from(schema::Friend::Reader from) {
  FriendRecord out;
  out.id = {from.getId()};
  out.petname = text(from.getPetname());
  if (!is_petname(out.petname)) return Reject::WrongValue;
  const Result<TrustLevel> trust = trust_from(from.getTrust());
  if (!trust) return trust.error();
  out.trust = *trust;
  const Result<Visibility> visibility = visibility_from(from.getVisibility());
  if (!visibility) return visibility.error();
  out.visibility = *visibility;
  const bool keys =
      take(from.getIdentityKey(), out.identity_key) && take(from.getStaticKey(), out.static_key) &&
      take(from.getServiceKey(), out.service_key) && take(from.getAddress(), out.address.bytes);
  if (!keys) return Reject::WrongLength;
  out.serial = from.getSerial();
  const bool endorsed = from.getEndorsement().size() != 0;
  if (endorsed && !take(from.getEndorsement(), out.endorsement)) return Reject::WrongLength;
  const auto endpoints = from.getEndpoints();
  if (endpoints.size() > kMaxFriendEndpoints) return Reject::WrongLength;
  for (const auto endpoint : endpoints) {
    const Result<Endpoint> one = endpoint_from(endpoint);
    if (!one) return one.error();
    out.endpoints.push_back(*one);
  }
  out.added_at = from.getAddedAt();
  return out;
}

void write_friend(const FriendRecord& from, schema::Friend::Builder to) {
  to.setId(from.id.value);
  to.setPetname(from.petname);
  to.setTrust(to_schema(from.trust));
  to.setVisibility(to_schema(from.visibility));
  to.setIdentityKey(as_data(from.identity_key));
  to.setStaticKey(as_data(from.static_key));
  to.setServiceKey(as_data(from.service_key));
  to.setAddress(as_data(from.address.bytes));
  to.setSerial(from.serial);
  to.setEndorsement(as_data(from.endorsement));
  const std::size_t count = std::min(from.endpoints.size(), kMaxFriendEndpoints);
  auto endpoints = to.initEndpoints(static_cast<capnp::uint>(count));
  for (capnp::uint i = 0; i < count; ++i) write_endpoint(from.endpoints[i], endpoints[i]);
  to.setAddedAt(from.added_at);
}

namespace {

// A list in which one key stands for two friends could show one of them under the other's name.
bool is_unambiguous(const std::vector<FriendRecord>& friends) {
  std::set<std::uint32_t> ids;
  std::set<std::string_view> petnames;
  // Apart, as the database keeps them: a card may name another friend's identity key as its static
  // key, and must not make the whole list unreadable by it.
  std::set<ByteArray<32>> identities;
  std::set<ByteArray<32>> statics;
  std::set<ByteArray<16>> addresses;
  return std::all_of(friends.begin(), friends.end(), [&](const FriendRecord& one) {
    return ids.insert(one.id.value).second && petnames.insert(one.petname).second &&
           identities.insert(one.identity_key).second && statics.insert(one.static_key).second &&
           addresses.insert(one.address.bytes).second;
  });
}

}  // namespace

Result<std::vector<FriendRecord>> friends_from(capnp::List<schema::Friend>::Reader from) {
  if (from.size() > kMaxFriends) return Reject::Overloaded;
  std::vector<FriendRecord> out;
  out.reserve(from.size());
  for (const auto one : from) {
    Result<FriendRecord> record = friend_from(one);
    if (!record) return record.error();
    out.push_back(std::move(*record));
  }
  if (!is_unambiguous(out)) return Reject::Unexpected;
  return out;
}

Result<IdentityRecord> identity_from(schema::Identity::Reader from) {
  if (from.getIdentityKey().size() == 0) return Reject::Overloaded;
  IdentityRecord out;
  out.name = text(from.getName());
  if (!is_shown_name(out.name)) return Reject::WrongValue;
  const bool whole =
      take(from.getIdentityKey(), out.identity_key) && take(from.getStaticKey(), out.static_key) &&
      take(from.getStaticSignature(), out.static_signature) &&
      take(from.getServiceKey(), out.service_key) && take(from.getAddress(), out.address.bytes);
  if (!whole) return Reject::WrongLength;
  return out;
}

void write_identity(const IdentityRecord& from, schema::Identity::Builder to) {
  to.setName(from.name);
  to.setIdentityKey(as_data(from.identity_key));
  to.setStaticKey(as_data(from.static_key));
  to.setStaticSignature(as_data(from.static_signature));
  to.setServiceKey(as_data(from.service_key));
  to.setAddress(as_data(from.address.bytes));
}

Result<MetricSample> sample_from(schema::MetricSample::Reader from) {
  MetricSample out;
  out.id = {from.getFriendId()};
  if (out.id.value == 0) return Reject::WrongValue;
  out.at = from.getAt();
  out.seconds = from.getSeconds();
  out.rx_bytes = from.getRxBytes();
  out.tx_bytes = from.getTxBytes();
  out.up_seconds = from.getUpSeconds();
  out.rtt_micros = from.getRttMicros();
  out.lost = from.getLost();
  out.link_faults = from.getLinkFaults();
  out.onion_faults = from.getOnionFaults();
  out.circuits_destroyed = from.getCircuitsDestroyed();
  out.relayed_cells = from.getRelayedCells();
  return out;
}

void write_sample(const MetricSample& from, schema::MetricSample::Builder to) {
  to.setFriendId(from.id.value);
  to.setAt(from.at);
  to.setSeconds(from.seconds);
  to.setRxBytes(from.rx_bytes);
  to.setTxBytes(from.tx_bytes);
  to.setUpSeconds(from.up_seconds);
  to.setRttMicros(from.rtt_micros);
  to.setLost(from.lost);
  to.setLinkFaults(from.link_faults);
  to.setOnionFaults(from.onion_faults);
  to.setCircuitsDestroyed(from.circuits_destroyed);
  to.setRelayedCells(from.relayed_cells);
}

Result<std::vector<MetricSample>> samples_from(capnp::List<schema::MetricSample>::Reader from,
                                               std::size_t at_most) {
  if (from.size() > at_most) return Reject::Overloaded;
  std::vector<MetricSample> out;
  out.reserve(from.size());
  for (const auto one : from) {
    const Result<MetricSample> sample = sample_from(one);
    if (!sample) return sample.error();
    out.push_back(*sample);
  }
  return out;
}

Result<CatalogueRecord> catalogue_from(schema::Catalogue::Reader from) {
  const capnp::Data::Reader bytes = from.getDescriptors();
  if (from.getFriendId() == 0) return Reject::WrongValue;
  if (bytes.size() > kMaxCatalogue || bytes.size() % kDescriptorBytes != 0)
    return Reject::WrongLength;
  return CatalogueRecord{{from.getFriendId()}, from.getEpoch(), {bytes.begin(), bytes.end()}};
}

void write_catalogue(const CatalogueRecord& from, schema::Catalogue::Builder to) {
  to.setFriendId(from.id.value);
  to.setEpoch(from.epoch);
  to.setDescriptors(as_data(from.descriptors));
}

Result<std::vector<CatalogueRecord>> catalogues_from(capnp::List<schema::Catalogue>::Reader from) {
  if (from.size() > kCataloguesInPage) return Reject::Overloaded;
  std::vector<CatalogueRecord> out;
  for (const auto one : from) {
    Result<CatalogueRecord> catalogue = catalogue_from(one);
    if (!catalogue) return catalogue.error();
    if (!out.empty() && out.back().id.value >= catalogue->id.value) return Reject::Unexpected;
    out.push_back(*std::move(catalogue));
  }
  return out;
}

Result<std::vector<Address>> destinations_from(capnp::List<capnp::Data>::Reader from) {
  if (from.size() > kMaxDestinations) return Reject::Overloaded;
  std::vector<Address> out;
  for (const auto one : from) {
    Address address;
    if (!take(one, address.bytes)) return Reject::WrongLength;
    if (address.bytes[0] != 0xfd) return Reject::WrongValue;
    out.push_back(address);
  }
  return out;
}

Result<SeenTimestamp> seen_from(schema::KeystoreForRouter::Seen::Reader from) {
  SeenTimestamp out;
  if (!take(from.getStaticKey(), out.static_key)) return Reject::WrongLength;
  if (!take(from.getTimestamp(), out.timestamp)) return Reject::WrongLength;
  return out;
}

void write_seen(const SeenTimestamp& from, schema::KeystoreForRouter::Seen::Builder to) {
  to.setStaticKey(as_data(from.static_key));
  to.setTimestamp(as_data(from.timestamp));
}

}  // namespace covfefe::rpc
