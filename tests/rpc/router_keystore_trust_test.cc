// SPDX-License-Identifier: Apache-2.0
// What the router believes of a keystore over time: who it is, whom it vouches for, what it has
// seen; and what it is asked again.
#include <algorithm>

#include "tests/rpc/hostile_keystore.h"
#include "tests/rpc/spoil.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

using Handshake = FromKeystore::HandshakeReply::Builder;
const auto bytes = HostileKeystore::bytes;

[[noreturn]] void fail() {
  kj::throwFatalException(rpc::to_exception(rpc::CallFailure::Broken, "no"));
}

// What the keystore last vouched for, as the core was told.
core::Trust trust_in(const std::vector<ToData>& mail) {
  core::Trust out = core::Trust::None;
  for (const ToData& one : mail) {
    if (const auto* table = std::get_if<core::FriendTable>(&one)) out = table->all.at(0).trust;
  }
  return out;
}

}  // namespace

TEST_CASE_FIXTURE(HostileDesk, "a keystore that cannot say who it is is asked again") {
  SUBCASE("it fails") {
    record.manner.identities = [](auto) { fail(); };
  }
  SUBCASE("its answer is of another kind") {
    record.manner.identities = [](auto answer) { test::put_bytes(answer, 0); };
  }
  SUBCASE("a key is of another kind") {
    record.manner.identity = [](auto identity) { test::put_struct(identity, 1); };
  }
  run(ready().then([this] {
    CHECK(record.identities == 1);
    CHECK(edge.attached());
    CHECK_FALSE(core.keystore_is_up());
    record.manner = {};
    return later(600 * kj::MILLISECONDS);
  }));
  CHECK(record.identities == 2);
  CHECK(core.keystore_is_up());
}

TEST_CASE_FIXTURE(HostileDesk, "a locked keystore is asked again and told of once in the log") {
  record.manner.identity = [](auto identity) { identity.setIdentityKey(bytes(0)); };
  run(ready().then([this] { return later(1'100 * kj::MILLISECONDS); }).then([this] {
    CHECK(edge.locked());
    CHECK(record.identities == 2);
    CHECK(record.loads == 0);
    record.manner = {};
    return later(1'000 * kj::MILLISECONDS);
  }));
  CHECK_FALSE(edge.locked());
  CHECK(core.keystore_is_up());
  CHECK(std::count_if(log.lines.begin(), log.lines.end(), [](const std::string& line) {
          return line.find("keystore-locked") != std::string::npos;
        }) == 1);
}

TEST_CASE_FIXTURE(HostileDesk, "an identity of wrong lengths is not used") {
  record.manner.identity = [](auto identity) { identity.setStaticKey(bytes(31)); };
  run(ready().then([this] { return ask({core::Initiate{}}); }));
  CHECK(refusal(0) == Reject::Overloaded);
  CHECK(record.loads == 0);
}

TEST_CASE_FIXTURE(HostileDesk, "friends that were not taken are given again") {
  SUBCASE("it fails") {
    record.manner.load = [](auto) { fail(); };
  }
  SUBCASE("its answer is of another kind") {
    record.manner.load = [](auto answer) { test::put_struct(answer, 0); };
  }
  run(ready().then([this] {
    CHECK(record.loads == 1);
    CHECK_FALSE(core.keystore_is_up());
    record.manner = {};
    return later(600 * kj::MILLISECONDS);
  }));
  CHECK(record.loads == 2);
  CHECK(core.keystore_is_up());
}

TEST_CASE_FIXTURE(HostileDesk, "numbers of nobody among those that are left out harm nobody") {
  record.manner.load = [](auto answer) {
    auto list = answer.initLeftOut(5'000);
    for (capnp::uint i = 0; i < list.size(); ++i) list.set(i, i + 3);
  };
  core::Trust trust{};
  core.set_friends({friend_named("bob", 2)});
  edge.set_friends({friend_named("bob", 2)});
  (void)mail();
  connect();
  run(turns().then([&] { trust = trust_in(mail()); }));
  CHECK(trust == core::Trust::Met);
}

TEST_CASE_FIXTURE(HostileDesk, "only the answer to the newest list says who is vouched for") {
  core::Trust trust{};
  run(ready()
          .then([this] {
            record.manner.loads_late = true;
            record.manner.load = [](auto answer) { answer.initLeftOut(1).set(0, 2); };
            edge.set_friends({friend_named("bob", 2)});
            return turns();
          })
          .then([this] {
            record.manner.load = as_it_is<FromKeystore::LoadFriendsResults::Builder>;
            FriendRecord bob = friend_named("bob", 2);
            core.set_friends({bob});
            edge.set_friends({bob});
            return turns();
          })
          .then([this] {
            record.late.at(1)->fulfill();
            return turns();
          })
          .then([&] {
            trust = trust_in(mail());
            record.late.at(0)->fulfill();
            return turns();
          }));
  CHECK(trust == core::Trust::Met);
  CHECK(mail().empty());
}

TEST_CASE_FIXTURE(HostileDesk, "what a connection that ended answers late is not heard") {
  record.manner.loads_late = true;
  run(ready().then([this] {
    edge.gone();
    (void)mail();
    record.late.at(0)->fulfill();
    return turns();
  }));
  CHECK_FALSE(core.keystore_is_up());
  CHECK(mail().empty());
}

TEST_CASE_FIXTURE(HostileDesk, "of timestamps the newest is kept, of no meaning none") {
  const auto answers_at = [this](std::vector<std::uint8_t> timestamp) {
    record.manner.handshake = [timestamp](Handshake reply) {
      reply.getOk().setTimestamp(rpc::as_data(timestamp));
    };
    return ask({core::Respond{}});
  };
  std::vector<std::uint8_t> newest(12, 9);
  run(ready()
          .then([&] { return answers_at(newest); })
          .then([&] { return answers_at(std::vector<std::uint8_t>(12, 8)); })
          .then([&] { return answers_at(std::vector<std::uint8_t>(13, 255)); })
          .then([&] {
            edge.gone();
            connect();
            return turns();
          }));
  CHECK(record.seen == 1);
  CHECK(record.timestamp == ByteArray<12>{9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9});
}

TEST_CASE_FIXTURE(HostileDesk, "with a friend goes the timestamp that was seen of it") {
  FriendRecord bob = friend_named("bob", 2);
  bob.static_key.fill(4);
  FriendRecord carol = friend_named("carol", 3);
  std::size_t with_bob = 0;
  run(ready()
          .then([this] { return ask({core::Respond{}}); })
          .then([&] {
            edge.set_friends({bob, carol});
            return turns();
          })
          .then([&] {
            with_bob = record.seen;
            edge.set_friends({carol});
            return turns();
          }));
  CHECK(with_bob == 1);
  CHECK(record.seen == 0);
}

TEST_CASE_FIXTURE(HostileDesk, "of a keystore that names ever new peers a bounded number is kept") {
  std::uint32_t peer = 0;
  record.manner.handshake = [&peer](Handshake reply) {
    ByteArray<32> key{};
    store_be(key.data(), ++peer);
    reply.getOk().setStaticKey(rpc::as_data(key));
  };
  kj::Promise<void> all = ready();
  for (int round = 0; round < 18; ++round) {
    all = all.then([this] {
      for (int i = 0; i < 249; ++i) edge.ask({{1}, core::Respond{}});
      return turns();
    });
  }
  run(all.then([this] {
    edge.gone();
    connect();
    return turns();
  }));
  CHECK(peer > rpc::kMaxFriends);
  CHECK(record.seen == rpc::kMaxFriends);
}
