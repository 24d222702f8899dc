// SPDX-License-Identifier: Apache-2.0
// The router's side of router.keystore against keystores that are honest, slow, wrong or dying.
#include "tests/rpc/router_support.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

core::StaticKey own_key() {
  core::StaticKey key;
  key.fill(0x55);
  return key;
}

class PaperKeystore final : public schema::KeystoreForRouter::Server {
 public:
  struct Record {
    int loads = 0;
    std::size_t friends = 0;
    std::size_t seen = 0;
    ByteArray<12> timestamp{};
    std::size_t packet = 0;
  };
  struct Manner {
    bool locked = false;
    bool foreign = false;
    std::size_t message = 216;
    std::size_t rest = 1'136;
    std::size_t onion_keys = 2;
    FriendId leaves_out{0};
    bool hangs_up = false;
    schema::Refusal* refusal = nullptr;
  };
  PaperKeystore(Record& record, const Manner& manner) : record_(record), manner_(manner) {}

  kj::Promise<void> identity(IdentityContext context) override {
    auto identity = context.getResults().initIdentity();
    if (manner_.locked) return kj::READY_NOW;
    rpc::IdentityRecord own;
    own.name = "alice";
    own.static_key = own_key();
    if (manner_.foreign) own.static_key.fill(0x66);
    rpc::write_identity(own, identity);
    return kj::READY_NOW;
  }
  kj::Promise<void> loadFriends(LoadFriendsContext context) override {
    ++record_.loads;
    record_.friends = context.getParams().getFriends().size();
    record_.seen = context.getParams().getSeen().size();
    auto left_out = context.getResults().initLeftOut(manner_.leaves_out.value == 0 ? 0 : 1);
    if (left_out.size() != 0) left_out.set(0, manner_.leaves_out.value);
    for (const auto one : context.getParams().getSeen()) {
      const auto seen = rpc::seen_from(one);
      if (seen) record_.timestamp = seen->timestamp;
    }
    return kj::READY_NOW;
  }
  kj::Promise<void> initiate(InitiateContext context) override {
    if (manner_.hangs_up) return rpc::to_exception(rpc::CallFailure::Disconnected, "gone");
    auto reply = context.getResults().initReply();
    if (manner_.refusal != nullptr) {
      reply.setRefused(*manner_.refusal);
      return kj::READY_NOW;
    }
    auto ok = reply.initOk();
    ok.setHandshake(7);
    const std::vector<std::uint8_t> message(manner_.message, 9);
    ok.setMessage(rpc::as_data(message));
    return kj::READY_NOW;
  }
  kj::Promise<void> openBuild(OpenBuildContext context) override {
    record_.packet = context.getParams().getPacket().size();
    auto reply = context.getResults().initReply();
    if (manner_.refusal != nullptr) {
      reply.setRefused(*manner_.refusal);
      return kj::READY_NOW;
    }
    const std::vector<std::uint8_t> bytes(2'000, 4);
    const auto some = [&bytes](std::size_t size) {
      return capnp::Data::Reader(bytes.data(), size);
    };
    auto ok = reply.initOk();
    ok.setRecord(some(80));
    ok.setK1(some(32));
    ok.setRest(some(manner_.rest));
    ok.setOnionKey(some(32));
    return kj::READY_NOW;
  }
  kj::Promise<void> onionKeys(OnionKeysContext context) override {
    auto keys = context.getResults().initKeys(static_cast<capnp::uint>(manner_.onion_keys));
    for (auto key : keys) {
      const ByteArray<32> bytes{6};
      key.setKey(rpc::as_data(bytes));
      key.setNotAfter(1'790'000'000);
    }
    return kj::READY_NOW;
  }
  kj::Promise<void> respond(RespondContext context) override {
    auto ok = context.getResults().initReply().initOk();
    const std::vector<std::uint8_t> message(212, 3);
    const ByteArray<32> peer = friend_named("bob", 2).static_key;
    const ByteArray<32> send{1};
    const ByteArray<32> receive{2};
    const ByteArray<8> boot{3};
    const ByteArray<12> timestamp{0x40, 1};
    ok.setStaticKey(rpc::as_data(peer));
    ok.setMessage(rpc::as_data(message));
    ok.setSendKey(rpc::as_data(send));
    ok.setReceiveKey(rpc::as_data(receive));
    ok.setPeerBootId(rpc::as_data(boot));
    ok.setTimestamp(rpc::as_data(timestamp));
    return kj::READY_NOW;
  }

 private:
  Record& record_;
  Manner manner_;
};

struct KeystoreDesk : Desk {
  CoreView core{*service, *to_data};
  KeystoreEdge edge{{*service, *to_data, core, log, own_key()}};
  PaperKeystore::Record record;

  void connect(const PaperKeystore::Manner& manner = {}) {
    edge.connected(schema::KeystoreForRouter::Client(kj::heap<PaperKeystore>(record, manner)));
  }
  void befriend() {
    core.set_friends({friend_named("bob", 2)});
    edge.set_friends({friend_named("bob", 2)});
  }
  kj::Promise<void> asked(core::KeystoreRequest request) {
    befriend();
    return turns().then([this, request] {
      (void)mail();
      edge.ask(request);
      return turns();
    });
  }
  Reject refusal() {
    const auto got = mail();
    REQUIRE(got.size() == 1);
    return std::get<Reject>(std::get<core::KeystoreReply>(got[0]).answer);
  }
};

const core::KeystoreRequest kInitiate{{5}, core::Initiate{}};

}  // namespace

TEST_CASE_FIXTURE(KeystoreDesk, "the core learns the friends before the keystore that knows them") {
  connect();
  befriend();
  run(turns());
  const auto got = mail();
  REQUIRE(got.size() == 3);  // the friends, what the keystore says of them, the keystore
  REQUIRE(std::holds_alternative<core::FriendTable>(got[0]));
  CHECK(std::get<core::FriendTable>(got[0]).all.at(0).petname == "bob");
  CHECK(std::holds_alternative<core::FriendTable>(got[1]));
  CHECK(std::holds_alternative<core::KeystoreUp>(got[2]));
  CHECK(record.friends == 1);
}

TEST_CASE_FIXTURE(KeystoreDesk, "a keystore that comes after the friends gets them too") {
  befriend();
  connect();
  run(turns());
  CHECK(record.loads == 1);
  CHECK(core.keystore_is_up());
}

TEST_CASE_FIXTURE(KeystoreDesk, "a request comes back with its number and its bytes") {
  connect();
  run(asked(kInitiate));
  const auto got = mail();
  REQUIRE(got.size() == 1);
  const auto& reply = std::get<core::KeystoreReply>(got[0]);
  CHECK(reply.request == RequestId{5});
  CHECK(std::get<core::Initiated>(reply.answer).handshake == 7);
  CHECK(std::get<core::Initiated>(reply.answer).message[215] == 9);
}

TEST_CASE_FIXTURE(KeystoreDesk, "a message of a wrong length is refused at the door") {
  connect({.message = 215});
  run(asked(kInitiate));
  CHECK(refusal() == Reject::WrongLength);
}

TEST_CASE_FIXTURE(KeystoreDesk, "a refusal keeps its reason") {
  schema::Refusal why = schema::Refusal::UNKNOWN;
  connect({.refusal = &why});
  run(asked(kInitiate));
  CHECK(refusal() == Reject::Unknown);
}

TEST_CASE_FIXTURE(KeystoreDesk, "a keystore that dies in the middle of a call answers overloaded") {
  connect({.hangs_up = true});
  run(asked(kInitiate));
  CHECK(refusal() == Reject::Overloaded);
  CHECK(edge.in_flight() == 0);
}

// The newest table that the core was told.
std::vector<core::Friend> told(const std::vector<ToData>& mail) {
  std::vector<core::Friend> out;
  for (const ToData& one : mail) {
    if (const auto* table = std::get_if<core::FriendTable>(&one)) out = table->all;
  }
  return out;
}

TEST_CASE_FIXTURE(KeystoreDesk, "a friend is trusted and shown as the keystore vouches for") {
  befriend();
  CHECK(told(mail()).at(0).trust == core::Trust::None);
  connect();
  run(turns());
  const auto friends = told(mail());
  REQUIRE(friends.size() == 1);
  CHECK(friends[0].trust == core::Trust::Met);
  CHECK(friends[0].visibility == core::Visibility::RelayOnly);
}

TEST_CASE_FIXTURE(KeystoreDesk, "who is left out by the keystore is neither trusted nor shown") {
  connect({.leaves_out = {2}});
  befriend();
  run(turns());
  const auto friends = told(mail());
  REQUIRE(friends.size() == 1);
  CHECK(friends[0].trust == core::Trust::None);
  CHECK(friends[0].visibility == core::Visibility::Hidden);
}

TEST_CASE_FIXTURE(KeystoreDesk, "a changed record is hidden until the keystore vouches for it") {
  befriend();
  connect();
  run(turns().then([this] {
    (void)mail();
    FriendRecord bob = friend_named("bob", 2);
    bob.endpoints.push_back({{}, 1, 0});
    core.set_friends({bob});
    CHECK(told(mail()).at(0).trust == core::Trust::Met);
    bob.visibility = Visibility::Reachable;
    core.set_friends({bob});
    CHECK(told(mail()).at(0).visibility == core::Visibility::Hidden);
    edge.set_friends({bob});
    return turns();
  }));
  CHECK(told(mail()).at(0).visibility == core::Visibility::Reachable);
}

TEST_CASE_FIXTURE(KeystoreDesk, "a build goes to the keystore and comes back opened") {
  connect();
  run(asked({{8}, core::OpenBuild{}}));
  CHECK(record.packet == 1'264);
  const auto got = mail();
  REQUIRE(got.size() == 1);
  const auto& opened = std::get<core::OpenedBuild>(std::get<core::KeystoreReply>(got[0]).answer);
  CHECK(opened.record[79] == 4);
  CHECK(opened.k1.view()[31] == 4);
  CHECK(opened.rest[1'135] == 4);
  CHECK(opened.onion_key[31] == 4);
}

TEST_CASE_FIXTURE(KeystoreDesk, "a build that the keystore refuses is refused as it says") {
  auto why = schema::Refusal::REPLAYED;
  connect({.refusal = &why});
  run(asked({{8}, core::OpenBuild{}}));
  CHECK(refusal() == Reject::Replayed);
}

TEST_CASE_FIXTURE(KeystoreDesk, "an opened build of a wrong length is refused") {
  connect({.rest = 1'137});
  run(asked({{8}, core::OpenBuild{}}));
  CHECK(refusal() == Reject::WrongLength);
}

TEST_CASE_FIXTURE(KeystoreDesk, "onion keys are told newest first, and at most two") {
  connect();
  run(asked({{9}, core::OnionKeysQuery{}}));
  const auto got = mail();
  REQUIRE(got.size() == 1);
  const auto& keys = std::get<core::OnionKeys>(std::get<core::KeystoreReply>(got[0]).answer).keys;
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].key == core::StaticKey{6});
  CHECK(keys[0].not_after == 1'790'000'000);
}

TEST_CASE_FIXTURE(KeystoreDesk, "three onion keys are one too many") {
  connect({.onion_keys = 3});
  run(asked({{9}, core::OnionKeysQuery{}}));
  CHECK(refusal() == Reject::WrongLength);
}

TEST_CASE_FIXTURE(KeystoreDesk, "without a keystore a request is refused at once") {
  run(asked(kInitiate));
  CHECK(refusal() == Reject::Overloaded);
}

TEST_CASE_FIXTURE(KeystoreDesk, "a locked keystore is attached but not used") {
  connect({.locked = true});
  run(asked(kInitiate));
  CHECK(edge.attached());
  CHECK(edge.locked());
  CHECK_FALSE(core.keystore_is_up());
  CHECK(record.loads == 0);
}

TEST_CASE_FIXTURE(KeystoreDesk, "a keystore with other keys is not used") {
  connect({.foreign = true});
  run(asked(kInitiate));
  CHECK(edge.foreign());
  CHECK_FALSE(core.keystore_is_up());
}

TEST_CASE_FIXTURE(KeystoreDesk, "what was seen is given to the next keystore") {
  connect();
  run(asked({{6}, core::Respond{}}).then([this] {
    const auto got = mail();
    CHECK(
        std::holds_alternative<core::Established>(std::get<core::KeystoreReply>(got.at(0)).answer));
    edge.gone();
    connect();
    return turns();
  }));
  CHECK(record.seen == 1);
  CHECK(record.timestamp == ByteArray<12>{0x40, 1});
  const auto got = mail();
  REQUIRE(got.size() == 2);
  CHECK(std::holds_alternative<core::KeystoreDown>(got[0]));
  CHECK(std::holds_alternative<core::KeystoreUp>(got[1]));
}

TEST_CASE_FIXTURE(KeystoreDesk, "state that found the mailbox full is sent when there is room") {
  while (to_data->push(MeasureQuery{}) == os::Posted::Queued) continue;
  connect();
  befriend();
  run(turns().then([this] {
    CHECK(mail().size() == 4);
    return service->timer().afterDelay(200 * kj::MILLISECONDS);
  }));
  const auto got = mail();
  REQUIRE(got.size() == 2);
  CHECK(std::holds_alternative<core::FriendTable>(got[0]));
  CHECK(std::holds_alternative<core::KeystoreUp>(got[1]));
}
