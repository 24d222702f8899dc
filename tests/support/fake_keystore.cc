// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_keystore.h"

#include <cstdlib>

#include "crypto/address.h"
#include "crypto/session.h"
#include "wire/handshake.h"

namespace covfefe::test {
namespace {

ByteArray<32> seed_bytes(std::uint8_t seed) {
  if (!crypto::init()) std::abort();
  ByteArray<32> bytes{};
  bytes.fill(seed);
  return bytes;
}

}  // namespace

struct FakeKeystore::Gate final : crypto::StaticGate {
  explicit Gate(const std::map<core::StaticKey, Peer>& all) : peers(all) {}
  std::optional<crypto::SecretKey> admit(const crypto::PublicKey& remote) override {
    const auto found = peers.find(remote);
    if (found == peers.end()) return std::nullopt;
    return crypto::SecretKey(crypto::KeyView(found->second.psk));
  }
  const std::map<core::StaticKey, Peer>& peers;
};

FakeKeystore::FakeKeystore(std::uint8_t seed)
    : random_(seed_bytes(seed)),
      keys_(crypto::make_key_pair(random_)),
      service_(crypto::make_signing_pair(random_)),
      address_(crypto::overlay_address(service_.public_key)),
      onion_(keys::OnionKeys::make(random_, moment())) {
  if (!onion_) bug("no locked memory for onion keys: raise RLIMIT_MEMLOCK");
}

keys::Moment FakeKeystore::moment() const {
  return {{now_.unix_nanoseconds}, now_};
}

void FakeKeystore::restart() {
  pending_.clear();
  onion_ = keys::OnionKeys::make(random_, moment());
  if (!onion_) bug("no locked memory for onion keys: raise RLIMIT_MEMLOCK");
}

void FakeKeystore::befriend(const core::StaticKey& peer, const ByteArray<32>& psk) {
  peers_[peer].psk = psk;
}

void FakeKeystore::forget(const core::StaticKey& peer) {
  peers_.erase(peer);
}

crypto::NoiseHandshake FakeKeystore::handshake(crypto::Role role,
                                               const core::StaticKey* peer) const {
  crypto::NoiseSetup setup{crypto::find_pattern("IKpsk2"), role, bytes_of("covfefe link v1"),
                           keys_.view(), std::nullopt};
  if (peer != nullptr) setup.remote_static = crypto::KeyView(*peer);
  return crypto::NoiseHandshake(setup);
}

core::KeystoreReply FakeKeystore::answer(const core::KeystoreRequest& request) {
  return {request.request, std::visit([&](const auto& ask) { return run(ask); }, request.what)};
}

FakeKeystore::Reply FakeKeystore::run(const core::Initiate& ask) {
  const auto peer = peers_.find(ask.peer);
  if (peer == peers_.end()) return Reject::Unknown;
  crypto::NoiseHandshake noise = handshake(crypto::Role::Initiator, &ask.peer);
  noise.set_psk(peer->second.psk);
  wire::InitiationPayload payload;
  store_be<std::uint64_t>(payload.timestamp.data(), ++timestamp_);
  payload.boot_id = ask.boot;
  core::Initiated out;
  out.handshake = next_handshake_++;
  if (!noise.write(wire::write_payload(payload), random_, out.message)) return Reject::Forged;
  pending_.emplace(out.handshake, std::move(noise));
  return out;
}

FakeKeystore::Reply FakeKeystore::run(const core::Finish& ask) {
  const auto found = pending_.find(ask.handshake);
  if (found == pending_.end()) return Reject::Unknown;
  crypto::NoiseHandshake& noise = found->second;
  ByteArray<wire::kResponsePayload> plain{};
  if (const auto n = noise.read(ask.message, plain); !n) return n.error();
  const auto payload = wire::parse_response_payload(plain);
  if (!payload) return payload.error();
  core::Established out;
  out.peer = noise.remote_static();
  crypto::NoiseKeys keys = noise.split();
  out.masters = {std::move(keys.send), std::move(keys.receive)};
  out.peer_boot = payload->boot_id;
  out.peer_version = payload->version;
  pending_.erase(found);
  return out;
}

FakeKeystore::Reply FakeKeystore::run(const core::Respond& ask) {
  crypto::NoiseHandshake noise = handshake(crypto::Role::Responder, nullptr);
  Gate gate(peers_);
  ByteArray<wire::kInitiationPayload> plain{};
  if (const auto n = noise.read(ask.message, plain, &gate); !n) return n.error();
  const auto payload = wire::parse_initiation_payload(plain);
  if (!payload) return payload.error();
  core::Established out;
  out.peer = noise.remote_static();
  Peer& peer = peers_.at(out.peer);
  const auto timestamp = load_be<std::uint64_t>(payload->timestamp.data());
  if (timestamp <= peer.newest) return Reject::Replayed;
  peer.newest = timestamp;
  wire::ResponsePayload answer;
  answer.boot_id = ask.boot;
  if (!noise.write(wire::write_payload(answer), random_, out.message)) return Reject::Forged;
  crypto::NoiseKeys keys = noise.split();
  out.masters = {std::move(keys.send), std::move(keys.receive)};
  out.peer_boot = payload->boot_id;
  out.peer_version = payload->version;
  return out;
}

FakeKeystore::Reply FakeKeystore::run(const core::Certify& ask) {
  const std::int64_t until = now_.unix_seconds() + 3600;
  return core::Certified{crypto::make_certificate(service_, ask.session_key, until)};
}

FakeKeystore::Reply FakeKeystore::run(const core::OpenBuild& ask) {
  auto opened = onion_->open(ask.packet, moment());
  if (!opened) return opened.error();
  core::OpenedBuild out;
  out.record = opened->opened.record;
  out.k1 = std::move(opened->opened.k1);
  out.rest = opened->opened.rest;
  out.onion_key = opened->onion_key;
  return out;
}

FakeKeystore::Reply FakeKeystore::run(const core::OnionKeysQuery& /*ask*/) {
  core::OnionKeys out;
  for (const keys::OnionKeyShown& one : onion_->shown(moment()))
    out.keys.push_back({one.key, one.not_after});
  return out;
}

}  // namespace covfefe::test
