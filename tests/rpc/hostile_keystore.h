// SPDX-License-Identifier: Apache-2.0
// A keystore whose every answer a test may spoil, and the router's edge to it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/rpc/router_support.h"

namespace covfefe::router {

using FromKeystore = schema::KeystoreForRouter;

template <typename Builder>
void as_it_is(Builder) {}

class HostileKeystore final : public FromKeystore::Server {
 public:
  struct Manner {
    // Each is handed the right answer and may make of it what it likes, or throw.
    std::function<void(schema::Identity::Builder)> identity = as_it_is<schema::Identity::Builder>;
    std::function<void(FromKeystore::IdentityResults::Builder)> identities =
        as_it_is<FromKeystore::IdentityResults::Builder>;
    std::function<void(FromKeystore::LoadFriendsResults::Builder)> load =
        as_it_is<FromKeystore::LoadFriendsResults::Builder>;
    std::function<void(FromKeystore::InitiateReply::Builder)> initiate =
        as_it_is<FromKeystore::InitiateReply::Builder>;
    std::function<void(FromKeystore::HandshakeReply::Builder)> handshake =
        as_it_is<FromKeystore::HandshakeReply::Builder>;
    std::function<void(FromKeystore::CertifyResults::Builder)> certify =
        as_it_is<FromKeystore::CertifyResults::Builder>;
    std::function<void(FromKeystore::OpenBuildReply::Builder)> build =
        as_it_is<FromKeystore::OpenBuildReply::Builder>;
    std::function<void(FromKeystore::OnionKeysResults::Builder)> onion_keys =
        as_it_is<FromKeystore::OnionKeysResults::Builder>;
    bool hangs = false;
    bool loads_late = false;
  };
  struct Record {
    Manner manner;
    int identities = 0;
    int loads = 0;
    std::size_t seen = 0;
    ByteArray<12> timestamp{};
    std::vector<kj::Own<kj::PromiseFulfiller<void>>> late;
  };
  HostileKeystore(Record& record, const core::StaticKey& own_key)
      : record_(record), own_key_(own_key) {}

  kj::Promise<void> identity(IdentityContext context) override {
    ++record_.identities;
    rpc::IdentityRecord own;
    own.name = "alice";
    own.identity_key.fill(1);
    own.static_key = own_key_;
    rpc::write_identity(own, context.getResults().initIdentity());
    record_.manner.identity(context.getResults().getIdentity());
    record_.manner.identities(context.getResults());
    return kj::READY_NOW;
  }
  kj::Promise<void> loadFriends(LoadFriendsContext context) override {
    ++record_.loads;
    record_.seen = context.getParams().getSeen().size();
    for (const auto one : context.getParams().getSeen()) {
      record_.timestamp = rpc::seen_from(one)->timestamp;
    }
    record_.manner.load(context.getResults());
    if (!record_.manner.loads_late) return kj::READY_NOW;
    auto later = kj::newPromiseAndFulfiller<void>();
    record_.late.push_back(kj::mv(later.fulfiller));
    return kj::mv(later.promise);
  }
  kj::Promise<void> initiate(InitiateContext context) override {
    if (record_.manner.hangs) return kj::NEVER_DONE;
    auto ok = context.getResults().initReply().initOk();
    ok.setHandshake(7);
    ok.setMessage(bytes(216));
    record_.manner.initiate(context.getResults().getReply());
    return kj::READY_NOW;
  }
  kj::Promise<void> finish(FinishContext context) override {
    return establish(context.getResults().initReply(), 0);
  }
  kj::Promise<void> respond(RespondContext context) override {
    return establish(context.getResults().initReply(), 212);
  }
  kj::Promise<void> certify(CertifyContext context) override {
    context.getResults().setCertificate(bytes(136));
    record_.manner.certify(context.getResults());
    return kj::READY_NOW;
  }
  kj::Promise<void> openBuild(OpenBuildContext context) override {
    auto ok = context.getResults().initReply().initOk();
    ok.setRecord(bytes(80));
    ok.setK1(bytes(32));
    ok.setRest(bytes(1'136));
    ok.setOnionKey(bytes(32));
    record_.manner.build(context.getResults().getReply());
    return kj::READY_NOW;
  }
  kj::Promise<void> onionKeys(OnionKeysContext context) override {
    for (auto key : context.getResults().initKeys(2)) key.setKey(bytes(32));
    record_.manner.onion_keys(context.getResults());
    return kj::READY_NOW;
  }
  static capnp::Data::Reader bytes(std::size_t count) {
    static const std::vector<std::uint8_t> kSome(2'000, 4);
    return {kSome.data(), count};
  }

 private:
  kj::Promise<void> establish(FromKeystore::HandshakeReply::Builder reply, std::size_t message) {
    auto ok = reply.initOk();
    ok.setStaticKey(bytes(32));
    ok.setMessage(bytes(message));
    ok.setSendKey(bytes(32));
    ok.setReceiveKey(bytes(32));
    ok.setPeerBootId(bytes(8));
    ok.setPeerVersion(3);
    ok.setPeerFlags(5);
    ok.setTimestamp(bytes(12));
    record_.manner.handshake(reply);
    return kj::READY_NOW;
  }

  Record& record_;
  core::StaticKey own_key_;
};

struct HostileDesk : Desk {
  core::StaticKey own_key{0x55};
  HostileKeystore::Record record;
  CoreView core{*service, *to_data};
  KeystoreEdge edge{{*service, *to_data, core, log, own_key}};

  void connect() {
    edge.connected(FromKeystore::Client(kj::heap<HostileKeystore>(record, own_key)));
  }
  // Attached, with one friend whose key is what the keystore answers with.
  kj::Promise<void> ready() {
    FriendRecord bob = friend_named("bob", 2);
    bob.static_key.fill(4);
    core.set_friends({bob});
    edge.set_friends({bob});
    connect();
    return turns().then([this] { (void)mail(); });
  }
  // The next answer to each of these, in order.
  kj::Promise<void> ask(std::vector<decltype(core::KeystoreRequest::what)> all) {
    for (auto& what : all) edge.ask({{++asked_}, std::move(what)});
    return turns().then([this] {
      for (ToData& one : mail()) {
        auto* reply = std::get_if<core::KeystoreReply>(&one);
        if (reply != nullptr) answers.push_back(std::move(reply->answer));
      }
    });
  }
  [[nodiscard]] Reject refusal(std::size_t at) const {
    REQUIRE(at < answers.size());
    const auto* refused = std::get_if<Reject>(&answers[at]);
    REQUIRE(refused != nullptr);
    return *refused;
  }

  std::vector<decltype(core::KeystoreReply::answer)> answers;

 private:
  std::uint64_t asked_ = 0;
};

}  // namespace covfefe::router
