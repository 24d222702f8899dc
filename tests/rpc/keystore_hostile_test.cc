// SPDX-License-Identifier: Apache-2.0
// A router or an operator that breaks the contracts of schema/keystore.capnp, and what a router
// says of timestamps that were seen.
#include "tests/rpc/keystore_support.h"
#include "tests/rpc/spoil.h"

namespace covfefe::test {
namespace {

using SeenList = std::vector<std::pair<std::vector<std::uint8_t>, std::vector<std::uint8_t>>>;

struct Hostile : Fixture {
  Router::LoadFriendsResults::Reader load_seen(const FriendRecord& record, const SeenList& seen) {
    auto request = router.loadFriendsRequest();
    rpc::write_friends(std::vector<FriendRecord>{record}, request);
    auto list = request.initSeen(static_cast<capnp::uint>(seen.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) {
      list[i].setStaticKey(rpc::as_data(seen[i].first));
      list[i].setTimestamp(rpc::as_data(seen[i].second));
    }
    return call(kj::mv(request));
  }
  // A message that the friend would begin a handshake with.
  auto first_message() {
    const auto mine = endorsed(*other, record_of(node.vault->identity(), "alice"));
    other->load(std::vector<FriendRecord>{mine}, {});
    return other->initiate({node.vault->identity().static_key, kBoot}, kNow)->message;
  }
  std::vector<std::uint8_t> their_key() {
    const auto& key = other->identity().static_key;
    return {key.begin(), key.end()};
  }
};

// TAI64N of a time that no message of these tests reaches.
std::vector<std::uint8_t> far_timestamp() {
  std::vector<std::uint8_t> out(12, 0);
  out[0] = 0x40;
  out[3] = 0x7f;
  return out;
}

}  // namespace

TEST_CASE_FIXTURE(Hostile, "what the router saw before its restart is not taken again") {
  unlock_now();
  load_seen(endorsed_record(), {{their_key(), far_timestamp()}});
  CHECK(respond(first_message(), kBoot).getRefused() == schema::Refusal::REPLAYED);
}

TEST_CASE_FIXTURE(Hostile, "entries of no meaning among the timestamps are left out, alone") {
  unlock_now();
  const FriendRecord record = endorsed_record();
  std::vector<std::uint8_t> impossible = far_timestamp();
  impossible[8] = 0xff;  // more than a second of nanoseconds
  const std::vector<std::uint8_t> short_key(31, 1);
  const std::vector<std::uint8_t> short_time(11, 0x40);
  const auto answer = load_seen(record, {{short_key, far_timestamp()},
                                         {their_key(), short_time},
                                         {their_key(), impossible},
                                         {{}, {}}});
  CHECK(answer.getAccepted() == 1);
  CHECK(respond(first_message(), kBoot).isOk());
}

TEST_CASE_FIXTURE(Hostile, "of very many timestamps as many are read as there may be friends") {
  unlock_now();
  const FriendRecord record = endorsed_record();
  SeenList seen(rpc::kMaxFriends, {std::vector<std::uint8_t>(32, 1), far_timestamp()});
  seen.emplace_back(their_key(), far_timestamp());
  CHECK(load_seen(record, seen).getAccepted() == 1);
  CHECK(respond(first_message(), kBoot).isOk());
  seen.erase(seen.begin());
  load_seen(record, seen);
  CHECK(respond(first_message(), kBoot).getRefused() == schema::Refusal::REPLAYED);
}

TEST_CASE_FIXTURE(Hostile, "timestamps that were told while locked hold after unlocking") {
  unlock_now();
  const FriendRecord record = endorsed_record();
  const auto message = first_message();
  node.vault.reset();
  load_seen(record, {{their_key(), far_timestamp()}});
  CHECK(unlock(to_hex(keys.credential)).getOk());
  CHECK(respond(message, kBoot).getRefused() == schema::Refusal::REPLAYED);
}

TEST_CASE_FIXTURE(Hostile, "a revocation that the disk does not take is no revocation") {
  unlock_now();
  befriend_both();
  std::filesystem::remove_all(keys.directory.text());
  auto request = owner.revokeRequest();
  request.setIdentityKey(rpc::as_data(other->identity().identity_key));
  const auto answer = call(kj::mv(request));
  CHECK(answer.getRefused());
  CHECK(answer.getWhy() == schema::Refusal::IO);
  CHECK(node.counters.revoked == 0);
  CHECK(node.counters.failed_saves == 1);
}

TEST_CASE_FIXTURE(Hostile, "parameters of another kind fail their own call and no other") {
  unlock_now();
  befriend_both();
  auto opening = router.openBuildRequest();
  put_struct(static_cast<Router::OpenBuildParams::Builder>(opening), 0);
  CHECK(fails(kj::mv(opening)));
  auto loading = router.loadFriendsRequest();
  put_struct(static_cast<Router::LoadFriendsParams::Builder>(loading), 0);
  CHECK(fails(kj::mv(loading)));
  auto seeing = router.loadFriendsRequest();
  put_struct(static_cast<Router::LoadFriendsParams::Builder>(seeing), 1);
  CHECK(fails(kj::mv(seeing)));
  auto endorsing = owner.endorseRequest();
  put_bytes(static_cast<Operator::EndorseParams::Builder>(endorsing), 0);
  CHECK(fails(kj::mv(endorsing)));
  auto unlocking = owner.unlockRequest();
  put_struct(static_cast<Operator::UnlockParams::Builder>(unlocking), 0);
  CHECK(fails(kj::mv(unlocking)));
  CHECK(initiate(other->identity().static_key, kBoot).isOk());
}

}  // namespace covfefe::test
