// SPDX-License-Identifier: Apache-2.0
// The two contracts of schema/keystore.capnp over an in-memory pipe: right use, misuse, locked,
// disconnect in the middle of a call, and that no reply holds a secret.
#include "tests/rpc/keystore_support.h"

#include <algorithm>

namespace covfefe::test {
namespace {

TEST_CASE_FIXTURE(Fixture, "both edges tell the public identity") {
  unlock_now();
  const auto seen = rpc::identity_from(call(router.identityRequest()).getIdentity());
  REQUIRE(seen.ok());
  CHECK(seen->name == "alice");
  CHECK(seen->address == node.vault->identity().address);
  const auto own = call(owner.identityRequest());
  CHECK_FALSE(own.getLocked());
  CHECK(*rpc::identity_from(own.getIdentity()) == *seen);
}

TEST_CASE_FIXTURE(Fixture,
                  "an endorsed friend is accepted, and a handshake begun here is finished") {
  unlock_now();
  befriend_both();
  const auto first = initiate(other->identity().static_key, kBoot);
  REQUIRE(first.isOk());
  const auto answer = other->respond(rpc::as_view(first.getOk().getMessage()), kBoot);
  REQUIRE(answer.ok());
  const auto done = finish(first.getOk().getHandshake(), answer->message);
  REQUIRE(done.isOk());
  CHECK(
      crypto::equal(rpc::as_view(done.getOk().getSendKey()), answer->session.keys.receive.view()));
  CHECK(*rpc::exactly<32>(done.getOk().getStaticKey()) == other->identity().static_key);
  CHECK(done.getOk().getMessage().size() == 0);
  CHECK(finish(first.getOk().getHandshake(), answer->message).getRefused() ==
        schema::Refusal::UNKNOWN);
}

TEST_CASE_FIXTURE(Fixture, "a handshake begun there is answered, once") {
  unlock_now();
  befriend_both();
  const auto first = other->initiate({node.vault->identity().static_key, kBoot}, kNow);
  REQUIRE(first.ok());
  const auto answer = respond(first->message, kBoot);
  REQUIRE(answer.isOk());
  CHECK(answer.getOk().getTimestamp().size() == 12);
  CHECK(other->finish(first->handshake, rpc::as_view(answer.getOk().getMessage())).ok());
  CHECK(respond(first->message, kBoot).getRefused() == schema::Refusal::REPLAYED);
}

TEST_CASE_FIXTURE(Fixture, "a record that the keystore did not endorse is counted and left out") {
  unlock_now();
  FriendRecord record = endorsed_record();
  record.trust = TrustLevel::None;
  record.id = {41};
  const auto count = load({record});
  CHECK(count.getAccepted() == 0);
  CHECK(count.getRefused() == 1);
  REQUIRE(count.getLeftOut().size() == 1);
  CHECK(count.getLeftOut()[0] == record.id.value);
  CHECK(initiate(other->identity().static_key, kBoot).getRefused() == schema::Refusal::UNKNOWN);
}

TEST_CASE_FIXTURE(Fixture, "a revoked friend is refused at once") {
  unlock_now();
  befriend_both();
  auto request = owner.revokeRequest();
  request.setIdentityKey(rpc::as_data(other->identity().identity_key));
  CHECK_FALSE(call(kj::mv(request)).getRefused());
  CHECK(initiate(other->identity().static_key, kBoot).getRefused() == schema::Refusal::UNKNOWN);
}

TEST_CASE_FIXTURE(Fixture, "a certificate has 136 bytes and verifies") {
  unlock_now();
  crypto::PublicKey session_key{};
  session_key.fill(9);
  auto request = router.certifyRequest();
  request.setSessionKey(rpc::as_data(session_key));
  const auto certificate = call(kj::mv(request)).getCertificate();
  CHECK(crypto::check_certificate(rpc::as_view(certificate), session_key, kNow).ok());
}

TEST_CASE_FIXTURE(Fixture, "a build is opened once, and what comes out suits the router's half") {
  unlock_now();
  const Made made = build_to(onion_key());
  const auto& sealed = made.packet;
  const auto reply = open_build(sealed);
  REQUIRE(reply.isOk());
  const auto ok = reply.getOk();
  CHECK(*rpc::exactly<32>(ok.getOnionKey()) == onion_key());
  crypto::OpenedRecord opened;
  opened.record = *rpc::exactly<80>(ok.getRecord());
  opened.rest = *rpc::exactly<1136>(ok.getRest());
  copy(rpc::as_view(ok.getK1()), opened.k1.mutable_view());
  CHECK(wire::parse_build_record(opened.record)->terminal);
  const auto hop = crypto::HopBuild::answer({opened, onion_key(), sealed}, keys.random);
  REQUIRE(hop.ok());
  crypto::BuildPacket back{};
  hop->finish({}, ByteArray<crypto::kBuildAnswerSize>{7}, back, keys.random);
  const auto seen = made.origin.open(back, [](const crypto::BuildRecordBytes&) { return true; });
  CHECK(seen.complete);
  CHECK(seen.answer[0] == 7);
  CHECK(open_build(sealed).getRefused() == schema::Refusal::REPLAYED);
  CHECK(node.counters.builds_opened == 1);
  CHECK(node.counters.builds_refused == 1);
}

TEST_CASE_FIXTURE(Fixture, "builds of any other size are refused and the connection goes on") {
  unlock_now();
  const std::vector<std::uint8_t> junk(8'192, 0x5a);
  for (const std::size_t size : {0U, 31U, 1'263U, 1'265U, 8'192U})
    CHECK(open_build(ByteView(junk).first(size)).getRefused() == schema::Refusal::MALFORMED);
  CHECK(open_build(ByteView(junk).first(1'264)).getRefused() == schema::Refusal::FORGED);
  CHECK(open_build(packet_to(onion_key())).isOk());
}

TEST_CASE_FIXTURE(Fixture, "onion keys change with the epoch and old ones are not told") {
  unlock_now();
  const auto first = onion_key();
  now = now + Duration::minutes(40);  // kNow is 800 s into its epoch
  const auto both = call(router.onionKeysRequest()).getKeys();
  REQUIRE(both.size() == 2);
  CHECK(*rpc::exactly<32>(both[0].getKey()) != first);
  CHECK(*rpc::exactly<32>(both[1].getKey()) == first);
  CHECK(both[1].getNotAfter() == kNow.unix_seconds() - 800 + 3'600 + 600);
  CHECK(open_build(packet_to(first)).isOk());
  now = now + Duration::minutes(20);
  CHECK(open_build(packet_to(first)).getRefused() == schema::Refusal::FORGED);
}

TEST_CASE_FIXTURE(Fixture, "every wrong length is refused and the connection goes on") {
  unlock_now();
  befriend_both();
  const ByteArray<300> junk{};
  const ByteView bytes(junk);
  for (const std::size_t size : {0U, 31U, 33U, 300U}) {
    CHECK(initiate(bytes.first(size), kBoot).getRefused() == schema::Refusal::MALFORMED);
  }
  CHECK(initiate(other->identity().static_key, bytes.first(7)).getRefused() ==
        schema::Refusal::MALFORMED);
  CHECK(respond(bytes.first(215), kBoot).getRefused() == schema::Refusal::MALFORMED);
  CHECK(respond(bytes.first(216), bytes.first(9)).getRefused() == schema::Refusal::MALFORMED);
  CHECK(respond(bytes.first(216), kBoot).isRefused());
  CHECK(finish(1, bytes.first(211)).getRefused() == schema::Refusal::MALFORMED);
  CHECK(finish(0, bytes.first(212)).getRefused() == schema::Refusal::UNKNOWN);
  CHECK(endorse(stranger(5), bytes.first(31)).getRefused() == schema::Refusal::MALFORMED);
  auto certify = router.certifyRequest();
  certify.setSessionKey(rpc::as_data(bytes.first(31)));
  CHECK(fails(kj::mv(certify)));
  auto revoke = owner.revokeRequest();
  revoke.setIdentityKey(rpc::as_data(bytes.first(33)));
  CHECK(call(kj::mv(revoke)).getWhy() == schema::Refusal::MALFORMED);
  CHECK(initiate(other->identity().static_key, kBoot).isOk());
}

TEST_CASE_FIXTURE(Fixture, "a change is endorsed by the record before it, and by no other") {
  unlock_now();
  const FriendRecord before = endorsed_record();
  FriendRecord after = before;
  after.trust = TrustLevel::Known;
  const auto reply = amend(before, after);
  REQUIRE(reply.isOk());
  after.serial = reply.getOk().getSerial();
  after.endorsement = *rpc::exactly<32>(reply.getOk().getEndorsement());
  CHECK(load({after}).getAccepted() == 1);
  CHECK(amend(before, after).getRefused() == schema::Refusal::FORGED);
  FriendRecord raised = after;
  raised.trust = TrustLevel::Met;
  CHECK(amend(raised, raised).getRefused() == schema::Refusal::FORGED);
  FriendRecord rekeyed = after;
  rekeyed.static_key = stranger(5).static_key;
  CHECK(amend(after, rekeyed).getRefused() == schema::Refusal::FORGED);
  CHECK(amend(rekeyed, rekeyed).getRefused() == schema::Refusal::FORGED);
  CHECK(amend(after, after, ByteArray<31>{}).getRefused() == schema::Refusal::MALFORMED);
  CHECK(node.counters.endorsed == 2);
  CHECK(load({after}).getAccepted() == 1);
}

TEST_CASE_FIXTURE(Fixture, "malformed friends are refused on both edges") {
  unlock_now();
  auto amending = owner.amendRequest();
  rpc::write_friend(endorsed_record(), amending.initFriend());
  CHECK(call(kj::mv(amending)).getReply().getRefused() == schema::Refusal::MALFORMED);
  auto request = owner.endorseRequest();
  rpc::write_friend(stranger(5), request.initFriend());
  request.getFriend().setStaticKey(rpc::as_data(ByteArray<31>{}));
  CHECK(call(kj::mv(request)).getReply().getRefused() == schema::Refusal::MALFORMED);
  auto loading = router.loadFriendsRequest();
  rpc::write_friend(stranger(5), loading.initFriends(1)[0]);
  loading.getFriends()[0].setPetname("Not A Petname");
  CHECK(fails(kj::mv(loading)));
  CHECK(call(router.identityRequest()).getIdentity().getIdentityKey().size() == 32);
}

TEST_CASE_FIXTURE(Fixture, "while locked everything is refused as locked and nothing is told") {
  CHECK(call(router.identityRequest()).getIdentity().getIdentityKey().size() == 0);
  CHECK(call(owner.identityRequest()).getLocked());
  CHECK(initiate(ByteArray<32>{}, kBoot).getRefused() == schema::Refusal::LOCKED);
  CHECK(respond(ByteArray<216>{}, kBoot).getRefused() == schema::Refusal::LOCKED);
  CHECK(finish(1, ByteArray<212>{}).getRefused() == schema::Refusal::LOCKED);
  CHECK(endorse(stranger(5)).getRefused() == schema::Refusal::LOCKED);
  CHECK(amend(stranger(5), stranger(5)).getRefused() == schema::Refusal::LOCKED);
  CHECK(open_build(ByteArray<1264>{}).getRefused() == schema::Refusal::LOCKED);
  CHECK(call(router.onionKeysRequest()).getKeys().size() == 0);
  auto revoke = owner.revokeRequest();
  revoke.setIdentityKey(rpc::as_data(ByteArray<32>{}));
  CHECK(call(kj::mv(revoke)).getWhy() == schema::Refusal::LOCKED);
  auto certify = router.certifyRequest();
  certify.setSessionKey(rpc::as_data(ByteArray<32>{}));
  CHECK(call(kj::mv(certify)).getCertificate().size() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a table that was loaded while locked is in force after unlocking") {
  unlock_now();
  const FriendRecord record = endorsed_record();
  node.vault.reset();
  const auto count = load({record});
  CHECK(count.getRefused() == 1);
  CHECK(count.getLeftOut().size() == 1);
  CHECK(unlock(to_hex(keys.credential)).getOk());
  CHECK(initiate(other->identity().static_key, kBoot).isOk());
}

TEST_CASE_FIXTURE(Fixture, "unlocking takes the passphrase and one try a second") {
  std::filesystem::remove(keys.path());
  const auto contents = keys::fresh_contents(key_of(1).view());
  REQUIRE(keys::create_sealed(keys.path(), {*contents, keys::Lock::Passphrase, crypto::kLeastCost,
                                            bytes_of("correct horse"), kSameOwner, keys.random})
              .ok());
  CHECK_FALSE(unlock("").getOk());
  CHECK_FALSE(unlock("wrong").getOk());
  CHECK(node.counters.failed_unlocks == 1);
  CHECK(std::string(unlock("correct horse").getWhy().cStr()).find("second") != std::string::npos);
  now = now + Duration::seconds(1);
  CHECK(unlock("correct horse").getOk());
  now = now + Duration::seconds(1);
  CHECK_FALSE(unlock("correct horse").getOk());
}

TEST_CASE_FIXTURE(Fixture, "a disk that refuses is said as io, and the log names the file") {
  unlock_now();
  std::filesystem::remove_all(keys.directory.text());
  CHECK(endorse(stranger(5)).getRefused() == schema::Refusal::IO);
  REQUIRE_FALSE(log.lines.empty());
  CHECK(log.lines.back().find("key-file-not-written") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a caller who hangs up in the middle of a call costs only itself") {
  unlock_now();
  befriend_both();
  auto wire = kj::heap<Wire>(keystore::router_edge(node));
  auto request = wire->client->peer().castAs<Router>().initiateRequest();
  request.setStaticKey(rpc::as_data(other->identity().static_key));
  request.setBootId(rpc::as_data(kBoot));
  {
    auto pending = request.send();
    wire->client = nullptr;
  }
  wire->server->disconnected().wait(scope);
  wire = nullptr;
  CHECK(initiate(other->identity().static_key, kBoot).isOk());
}

std::vector<std::vector<std::uint8_t>> secrets_of(std::uint8_t seed_byte) {
  const auto seed = key_of(seed_byte);
  std::vector<std::vector<std::uint8_t>> out;
  const auto add = [&out](ByteView secret) { out.emplace_back(secret.begin(), secret.end()); };
  add(seed.view());
  for (const std::uint64_t id : {1U, 2U, 3U, 4U})
    add(crypto::kdf(seed.view(), id, "cvident1").view());
  return out;
}

TEST_CASE_FIXTURE(Fixture, "no reply of any method holds the seed, a derived secret or a PSK") {
  unlock_now();
  auto planted = secrets_of(1);
  const auto psk = key_of(0xa5);
  planted.emplace_back(psk.view().begin(), psk.view().end());
  planted.emplace_back(keys.credential.begin(), keys.credential.end());

  load({endorsed_record(psk.view())});
  const auto mine = endorsed(*other, record_of(node.vault->identity(), "alice"), psk.view());
  other->load(std::vector<FriendRecord>{mine}, {});
  call(router.identityRequest());
  call(owner.identityRequest());
  call(owner.inspectRequest());
  const auto first = initiate(other->identity().static_key, kBoot);
  const auto answer = other->respond(rpc::as_view(first.getOk().getMessage()), kBoot);
  CHECK(finish(first.getOk().getHandshake(), answer->message).isOk());
  const auto theirs = other->initiate({node.vault->identity().static_key, kBoot}, kNow);
  CHECK(respond(theirs->message, kBoot).isOk());
  auto certify = router.certifyRequest();
  certify.setSessionKey(rpc::as_data(ByteArray<32>{7}));
  call(kj::mv(certify));
  CHECK(open_build(packet_to(onion_key())).isOk());
  CHECK_FALSE(unlock("anything").getOk());
  auto revoke = owner.revokeRequest();
  revoke.setIdentityKey(rpc::as_data(other->identity().identity_key));
  call(kj::mv(revoke));

  CHECK(replies.size() >= 13);
  for (const auto& reply : replies) {
    const auto bytes = reply.asBytes();
    for (const auto& secret : planted) {
      const bool leaked =
          std::search(bytes.begin(), bytes.end(), secret.begin(), secret.end()) != bytes.end();
      CHECK_FALSE(leaked);
    }
  }
}

}  // namespace
}  // namespace covfefe::test
