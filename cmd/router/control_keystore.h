// SPDX-License-Identifier: Apache-2.0
// The edge router.keystore: the keystore connects, the router calls. Carries the core's requests,
// keeps the keystore's friend table equal to peerdb's and restores its replay protection after a
// restart. What it answers is checked for lengths only: the keystore is one of our own processes,
// but a broken one must not break this one. Thread: control.
#pragma once

#include <schema/keystore.capnp.h>

#include <map>

#include "base/log.h"
#include "core_view.h"
#include "rpc/convert.h"

namespace covfefe::router {

class KeystoreEdge final : public rpc::EdgeHandler {
 public:
  struct Needs {
    rpc::Service& service;
    DataMailbox& to_data;
    CoreView& core;
    Log& log;
    core::StaticKey own_key;
  };
  explicit KeystoreEdge(const Needs& needs) : needs_(needs) {}

  void connected(capnp::Capability::Client peer) override;
  void gone() override;

  void set_friends(const std::vector<FriendRecord>& friends);
  void ask(core::KeystoreRequest request);

  [[nodiscard]] bool attached() const { return client_ != nullptr; }
  [[nodiscard]] bool locked() const { return locked_; }
  [[nodiscard]] bool foreign() const { return foreign_; }
  // It holds other keys than identity.yaml says: it is not used.
  [[nodiscard]] std::uint64_t asked() const { return asked_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

 private:
  using Client = schema::KeystoreForRouter::Client;
  using Answer = decltype(core::KeystoreReply::answer);

  void introduce();
  void greet(schema::Identity::Reader identity);
  void load();
  void loaded(schema::KeystoreForRouter::LoadFriendsResults::Reader answer, std::uint64_t number);
  void retry(kj::Duration pause, void (KeystoreEdge::*act)());
  kj::Promise<Answer> call(Client& client, const core::KeystoreRequest& request);
  kj::Promise<Answer> initiate(Client& client, const core::Initiate& what);
  kj::Promise<Answer> finish(Client& client, const core::Finish& what);
  kj::Promise<Answer> respond(Client& client, const core::Respond& what);
  kj::Promise<Answer> certify(Client& client, const core::Certify& what);
  kj::Promise<Answer> open_build(Client& client, const core::OpenBuild& what);
  kj::Promise<Answer> onion_keys(Client& client);
  void remember(const core::StaticKey& peer, capnp::Data::Reader timestamp);
  void reply(RequestId request, Answer answer);

  Needs needs_;
  kj::Maybe<Client> client_;
  std::uint64_t epoch_ = 0;  // of the connection: what an earlier one answers late is not for us
  bool unlocked_ = false;
  bool locked_ = false;
  bool foreign_ = false;
  bool have_friends_ = false;
  std::uint64_t loads_ = 0;  // the last one's answer says which of friends_ are endorsed
  std::vector<FriendRecord> friends_;
  std::map<core::StaticKey, ByteArray<12>> seen_;  // newest timestamp of each friend
  std::size_t in_flight_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace covfefe::router
