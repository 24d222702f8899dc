// SPDX-License-Identifier: Apache-2.0
// The two contracts of schema/keystore.capnp over in-memory pipes, on a real key file; every reply
// is kept.
#pragma once

#include <capnp/serialize.h>
#include <doctest/doctest.h>
#include <kj/async-io.h>

#include <filesystem>

#include "base/hex.h"
#include "cmd/keystore/service_edges.h"
#include "rpc/convert.h"
#include "tests/unit/keys/support.h"
#include "wire/build.h"

namespace covfefe::test {

using keystore::Node;
using Router = schema::KeystoreForRouter;
using Operator = schema::KeystoreOperator;

class QuietLog final : public Log {
 public:
  void write(Level, std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

struct Wire {
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  kj::Own<rpc::Endpoint> server;
  kj::Own<rpc::Endpoint> client;

  explicit Wire(capnp::Capability::Client exported) {
    server = kj::heap<rpc::Endpoint>(kj::mv(pipe.ends[0]), rpc::Side::Connector, rpc::Limits{},
                                     kj::mv(exported));
    client =
        kj::heap<rpc::Endpoint>(kj::mv(pipe.ends[1]), rpc::Side::Acceptor, rpc::Limits{}, nullptr);
  }
};

struct Fixture {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  KeyDirectory keys{1};
  KeyDirectory other_keys{2};
  std::unique_ptr<keys::Vault> other = other_keys.open();
  QuietLog log;
  Instant now{1};
  Node node{"alice",
            keys.place,
            keys.random,
            log,
            {[this] { return now; }, [this] { return wall(); }},
            [] { return rpc::InspectedService{}; },
            {},
            {},
            {},
            {},
            {},
            {},
            {},
            keys::OnionKeys::make(keys.random, {now, kNow})};
  Wire router_wire{keystore::router_edge(node)};
  Wire operator_wire{keystore::operator_edge(node)};
  Router::Client router = router_wire.client->peer().castAs<Router>();
  Operator::Client owner = operator_wire.client->peer().castAs<Operator>();
  std::vector<kj::Array<capnp::word>> replies;

  void unlock_now() { REQUIRE(keystore::open_vault(node, keys.credential).ok()); }

  template <typename Params, typename Results>
  typename Results::Reader call(capnp::Request<Params, Results> request) {
    auto response = request.send().wait(scope);
    capnp::MallocMessageBuilder copy;
    copy.setRoot(static_cast<typename Results::Reader>(response));
    replies.push_back(capnp::messageToFlatArray(copy));
    kept_.push_back(kj::heap<capnp::FlatArrayMessageReader>(replies.back().asPtr()));
    return kept_.back()->template getRoot<Results>();
  }
  template <typename Params, typename Results>
  bool fails(capnp::Request<Params, Results> request) {
    bool failed = false;
    auto promise =
        request.send().then([](auto&&) {}, [&failed](kj::Exception&&) { failed = true; });
    promise.wait(scope);
    return failed;
  }

  Operator::EndorseReply::Reader endorse(const FriendRecord& record, ByteView psk = {}) {
    auto request = owner.endorseRequest();
    rpc::write_friend(record, request.initFriend());
    request.setPsk(rpc::as_data(psk));
    return call(kj::mv(request)).getReply();
  }
  Operator::EndorseReply::Reader amend(const FriendRecord& previous, const FriendRecord& record,
                                       ByteView psk = {}) {
    auto request = owner.amendRequest();
    rpc::write_friend(previous, request.initPrevious());
    rpc::write_friend(record, request.initFriend());
    request.setPsk(rpc::as_data(psk));
    return call(kj::mv(request)).getReply();
  }
  FriendRecord endorsed_record(ByteView psk = {}) {
    FriendRecord record = record_of(other->identity(), "bob");
    const auto reply = endorse(record, psk);
    REQUIRE(reply.isOk());
    record.serial = reply.getOk().getSerial();
    record.endorsement = *rpc::exactly<32>(reply.getOk().getEndorsement());
    return record;
  }
  Router::LoadFriendsResults::Reader load(const std::vector<FriendRecord>& records) {
    auto request = router.loadFriendsRequest();
    rpc::write_friends(records, request);
    return call(kj::mv(request));
  }
  Router::InitiateReply::Reader initiate(ByteView static_key, ByteView boot_id) {
    auto request = router.initiateRequest();
    request.setStaticKey(rpc::as_data(static_key));
    request.setBootId(rpc::as_data(boot_id));
    return call(kj::mv(request)).getReply();
  }
  Router::HandshakeReply::Reader finish(std::uint64_t handshake, ByteView message) {
    auto request = router.finishRequest();
    request.setHandshake(handshake);
    request.setMessage(rpc::as_data(message));
    return call(kj::mv(request)).getReply();
  }
  Router::HandshakeReply::Reader respond(ByteView message, ByteView boot_id) {
    auto request = router.respondRequest();
    request.setMessage(rpc::as_data(message));
    request.setBootId(rpc::as_data(boot_id));
    return call(kj::mv(request)).getReply();
  }
  Operator::UnlockResults::Reader unlock(std::string_view text) {
    auto request = owner.unlockRequest();
    request.setPassphrase(rpc::as_data(bytes_of(text)));
    return call(kj::mv(request));
  }
  Router::OpenBuildReply::Reader open_build(ByteView packet) {
    auto request = router.openBuildRequest();
    request.setPacket(rpc::as_data(packet));
    return call(kj::mv(request)).getReply();
  }
  [[nodiscard]] WallTime wall() const { return {kNow.unix_nanoseconds + now.nanoseconds}; }
  struct Made {
    crypto::OriginBuild origin;
    crypto::BuildPacket packet{};
  };
  crypto::BuildPacket packet_to(const crypto::PublicKey& onion_key) {
    return build_to(onion_key).packet;
  }
  Made build_to(const crypto::PublicKey& onion_key) {
    wire::BuildRecord record;
    record.terminal = true;
    record.made_at = static_cast<std::uint32_t>(wall().unix_seconds() / 60 * 60);
    record.lifetime = 3'600;
    crypto::BuildStop stop{onion_key, {}};
    wire::write_build_record(record, stop.record);
    crypto::BuildPacket out{};
    const ByteArray<crypto::kBuildPayloadSize> payload{};
    auto origin = crypto::OriginBuild::make({&stop, 1}, payload, keys.random, out);
    REQUIRE(origin.ok());
    return {*std::move(origin), out};
  }
  crypto::PublicKey onion_key() {
    const auto shown = call(router.onionKeysRequest()).getKeys();
    REQUIRE(shown.size() >= 1);
    return *rpc::exactly<32>(shown[0].getKey());
  }
  void befriend_both() {
    load({endorsed_record()});
    const auto mine = endorsed(*other, record_of(node.vault->identity(), "alice"));
    other->load(std::vector<FriendRecord>{mine}, {});
  }

 private:
  std::vector<kj::Own<capnp::FlatArrayMessageReader>> kept_;
};

inline constexpr keys::BootId kBoot{1, 2, 3, 4, 5, 6, 7, 8};

}  // namespace covfefe::test
