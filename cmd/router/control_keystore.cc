// SPDX-License-Identifier: Apache-2.0
#include "control_keystore.h"

#include <algorithm>
#include <optional>
#include <set>

namespace covfefe::router {
namespace {

using schema::KeystoreForRouter;

constexpr std::size_t kMostInFlight = 256;
constexpr kj::Duration kLockedPause = 1 * kj::SECONDS;
constexpr kj::Duration kFailedPause = 500 * kj::MILLISECONDS;

using Answer = decltype(core::KeystoreReply::answer);

// The bytes lie in a buffer of the RPC library, which is about to be freed unwiped.
bool take_key(capnp::Data::Reader from, Secret<32>& into) {
  if (from.size() != into.size()) return false;
  copy(rpc::as_view(from), into.mutable_view());
  volatile std::uint8_t* p = const_cast<std::uint8_t*>(from.begin());
  for (std::size_t i = 0; i < from.size(); ++i) p[i] = 0;
  return true;
}

template <std::size_t N>
bool take(capnp::Data::Reader from, ByteArray<N>& into) {
  if (from.size() != N) return false;
  copy(rpc::as_view(from), into);
  return true;
}

// Nothing if it is an answer; a kind that only a newer keystore knows is none.
template <typename Reply>
std::optional<Reject> refusal_in(const Reply& reply) {
  if (reply.isOk()) return std::nullopt;
  return reply.isRefused() ? rpc::reject_of(reply.getRefused()) : Reject::WrongValue;
}

enum class Half : std::uint8_t { First, Second };

Answer established_from(KeystoreForRouter::HandshakeReply::Reader reply, Half half) {
  if (const auto refused = refusal_in(reply)) return *refused;
  const auto ok = reply.getOk();
  core::Established out;
  bool whole = take(ok.getStaticKey(), out.peer) && take_key(ok.getSendKey(), out.masters.send) &&
               take_key(ok.getReceiveKey(), out.masters.receive) &&
               take(ok.getPeerBootId(), out.peer_boot);
  // Only the responder has a message to send back.
  if (half == Half::First) whole = whole && take(ok.getMessage(), out.message);
  if (!whole) return Reject::WrongLength;
  out.peer_version = ok.getPeerVersion();
  out.peer_flags = ok.getPeerFlags();
  return out;
}

Answer initiated_from(KeystoreForRouter::InitiateReply::Reader reply) {
  if (const auto refused = refusal_in(reply)) return *refused;
  core::Initiated out;
  out.handshake = reply.getOk().getHandshake();
  if (!take(reply.getOk().getMessage(), out.message)) return Reject::WrongLength;
  return out;
}

Answer opened_from(KeystoreForRouter::OpenBuildReply::Reader reply) {
  if (const auto refused = refusal_in(reply)) return *refused;
  const auto ok = reply.getOk();
  core::OpenedBuild out;
  const bool whole = take_key(ok.getK1(), out.k1) && take(ok.getRecord(), out.record) &&
                     take(ok.getRest(), out.rest) && take(ok.getOnionKey(), out.onion_key);
  if (!whole) return Reject::WrongLength;
  return out;
}

Answer onion_keys_from(capnp::List<KeystoreForRouter::OnionKey>::Reader from) {
  core::OnionKeys out;
  if (from.size() > out.keys.capacity()) return Reject::WrongLength;
  for (const auto one : from) {
    core::OnionKey& key = out.keys.push_back({});
    if (!take(one.getKey(), key.key)) return Reject::WrongLength;
    key.not_after = one.getNotAfter();
  }
  if (out.keys.empty()) return Reject::Overloaded;
  return out;
}

}  // namespace

void KeystoreEdge::connected(capnp::Capability::Client peer) {
  ++epoch_;
  client_ = peer.castAs<KeystoreForRouter>();
  unlocked_ = locked_ = foreign_ = false;
  introduce();
}

void KeystoreEdge::gone() {
  ++epoch_;
  client_ = nullptr;
  unlocked_ = locked_ = foreign_ = false;
  needs_.log.record(Level::Notice, "keystore-gone");
  needs_.core.keystore_down();
}

void KeystoreEdge::retry(kj::Duration pause, void (KeystoreEdge::*act)()) {
  const std::uint64_t epoch = epoch_;
  needs_.service.run_beside(needs_.service.timer().afterDelay(pause).then([this, epoch, act] {
    if (epoch == epoch_) (this->*act)();
  }));
}

// In these exchanges the last step also gets what an answer throws while it is read.
void KeystoreEdge::introduce() {
  KJ_IF_MAYBE (client, client_) {
    const std::uint64_t epoch = epoch_;
    needs_.service.run_beside(
        client->identityRequest()
            .send()
            .then([this, epoch](capnp::Response<KeystoreForRouter::IdentityResults>&& answer) {
              if (epoch == epoch_) greet(answer.getIdentity());
            })
            .catch_([this, epoch](kj::Exception&&) {
              if (epoch == epoch_) retry(kFailedPause, &KeystoreEdge::introduce);
            }));
  }
}

void KeystoreEdge::greet(schema::Identity::Reader from) {
  const auto identity = rpc::identity_from(from);
  if (!identity) {
    if (!locked_) needs_.log.record(Level::Notice, "keystore-locked");
    locked_ = true;
    return retry(kLockedPause, &KeystoreEdge::introduce);
  }
  locked_ = false;
  foreign_ = identity->static_key != needs_.own_key;
  if (foreign_) {
    needs_.log.record(Level::Error, "keystore-holds-other-keys-than-identity.yaml");
    return;
  }
  unlocked_ = true;
  load();
}

void KeystoreEdge::set_friends(const std::vector<FriendRecord>& friends) {
  friends_ = friends;
  have_friends_ = true;
  std::erase_if(seen_, [this](const auto& entry) {
    return std::none_of(friends_.begin(), friends_.end(),
                        [&entry](const auto& one) { return one.static_key == entry.first; });
  });
  if (unlocked_) load();
}

void KeystoreEdge::load() {
  if (!have_friends_) return;
  KJ_IF_MAYBE (client, client_) {
    auto request = client->loadFriendsRequest();
    rpc::write_friends(friends_, request);
    auto seen = request.initSeen(static_cast<capnp::uint>(seen_.size()));
    capnp::uint at = 0;
    for (const auto& [key, timestamp] : seen_) rpc::write_seen({key, timestamp}, seen[at++]);
    const std::uint64_t epoch = epoch_;
    const std::uint64_t number = ++loads_;
    needs_.service.run_beside(
        request.send()
            .then([this, epoch,
                   number](capnp::Response<KeystoreForRouter::LoadFriendsResults>&& answer) {
              if (epoch == epoch_) loaded(answer, number);
            })
            .catch_([this, epoch](kj::Exception&&) {
              if (epoch == epoch_) retry(kFailedPause, &KeystoreEdge::load);
            }));
  }
}

void KeystoreEdge::loaded(KeystoreForRouter::LoadFriendsResults::Reader answer,
                          std::uint64_t number) {
  needs_.log.record(Level::Info, "keystore-knows-friends",
                    {{"accepted", std::to_string(answer.getAccepted())},
                     {"refused", std::to_string(answer.getRefused())}});
  if (number == loads_) {
    std::set<std::uint32_t> refused;
    for (const std::uint32_t id : answer.getLeftOut()) refused.insert(id);
    std::vector<FriendRecord> endorsed;
    for (const FriendRecord& one : friends_) {
      if (!refused.contains(one.id.value)) endorsed.push_back(one);
    }
    needs_.core.set_endorsed(endorsed);
  }
  needs_.core.keystore_up();
}

void KeystoreEdge::ask(core::KeystoreRequest request) {
  ++asked_;
  KJ_IF_MAYBE (client, client_) {
    if (unlocked_ && in_flight_ < kMostInFlight) {
      ++in_flight_;
      const RequestId id = request.request;
      needs_.service.run_beside(call(*client, request)
                                    .then(
                                        [this, id](Answer&& answer) {
                                          --in_flight_;
                                          reply(id, std::move(answer));
                                        },
                                        [this, id](kj::Exception&&) {
                                          --in_flight_;
                                          reply(id, Reject::Overloaded);
                                        }));
      return;
    }
  }
  reply(request.request, Reject::Overloaded);
}

void KeystoreEdge::reply(RequestId request, Answer answer) {
  if (std::holds_alternative<Reject>(answer)) ++refused_;
  needs_.to_data.push(core::KeystoreReply{request, std::move(answer)});
}

kj::Promise<Answer> KeystoreEdge::call(Client& client, const core::KeystoreRequest& request) {
  if (const auto* what = std::get_if<core::Initiate>(&request.what)) return initiate(client, *what);
  if (const auto* what = std::get_if<core::Finish>(&request.what)) return finish(client, *what);
  if (const auto* what = std::get_if<core::Respond>(&request.what)) return respond(client, *what);
  if (const auto* what = std::get_if<core::Certify>(&request.what)) return certify(client, *what);
  if (const auto* what = std::get_if<core::OpenBuild>(&request.what))
    return open_build(client, *what);
  return onion_keys(client);
}

kj::Promise<Answer> KeystoreEdge::initiate(Client& client, const core::Initiate& what) {
  auto request = client.initiateRequest();
  request.setStaticKey(rpc::as_data(what.peer));
  request.setBootId(rpc::as_data(what.boot));
  return request.send().then([](capnp::Response<KeystoreForRouter::InitiateResults>&& answer) {
    return initiated_from(answer.getReply());
  });
}

kj::Promise<Answer> KeystoreEdge::finish(Client& client, const core::Finish& what) {
  auto request = client.finishRequest();
  request.setHandshake(what.handshake);
  request.setMessage(rpc::as_data(what.message));
  return request.send().then([](capnp::Response<KeystoreForRouter::FinishResults>&& answer) {
    return established_from(answer.getReply(), Half::Second);
  });
}

kj::Promise<Answer> KeystoreEdge::respond(Client& client, const core::Respond& what) {
  auto request = client.respondRequest();
  request.setMessage(rpc::as_data(what.message));
  request.setBootId(rpc::as_data(what.boot));
  return request.send().then([this](capnp::Response<KeystoreForRouter::RespondResults>&& answer) {
    const auto reply = answer.getReply();
    Answer out = established_from(reply, Half::First);
    if (const auto* established = std::get_if<core::Established>(&out)) {
      remember(established->peer, reply.getOk().getTimestamp());
    }
    return out;
  });
}

kj::Promise<Answer> KeystoreEdge::certify(Client& client, const core::Certify& what) {
  auto request = client.certifyRequest();
  request.setSessionKey(rpc::as_data(what.session_key));
  return request.send().then(
      [](capnp::Response<KeystoreForRouter::CertifyResults>&& answer) -> Answer {
        core::Certified out;
        if (!take(answer.getCertificate(), out.certificate)) return Reject::Overloaded;
        return out;
      });
}

kj::Promise<Answer> KeystoreEdge::open_build(Client& client, const core::OpenBuild& what) {
  auto request = client.openBuildRequest();
  request.setPacket(rpc::as_data(what.packet));
  return request.send().then([](capnp::Response<KeystoreForRouter::OpenBuildResults>&& answer) {
    return opened_from(answer.getReply());
  });
}

kj::Promise<Answer> KeystoreEdge::onion_keys(Client& client) {
  return client.onionKeysRequest().send().then(
      [](capnp::Response<KeystoreForRouter::OnionKeysResults>&& answer) {
        return onion_keys_from(answer.getKeys());
      });
}

void KeystoreEdge::remember(const core::StaticKey& peer, capnp::Data::Reader timestamp) {
  ByteArray<12> newest{};
  if (!take(timestamp, newest)) return;
  if (seen_.size() >= rpc::kMaxFriends && !seen_.contains(peer)) return;
  // TAI64N is big endian: later is larger. Answers of two handshakes may come in any order.
  ByteArray<12>& kept = seen_[peer];
  if (newest > kept) kept = newest;
}

}  // namespace covfefe::router
