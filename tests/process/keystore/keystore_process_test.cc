// SPDX-License-Identifier: Apache-2.0
// The keystore's real program: init, endorse, open builds, kill -9, start again.
#include <doctest/doctest.h>
#include <schema/keystore.capnp.h>

#include <cstdlib>

#include "config/card.h"
#include "crypto/address.h"
#include "crypto/build.h"
#include "os/clock.h"
#include "rpc/convert.h"
#include "tests/support/service_process.h"
#include "wire/build.h"

namespace covfefe::test {
namespace {

using Router = schema::KeystoreForRouter;
using Operator = schema::KeystoreOperator;

const char* program() {
  const char* path = std::getenv("COVFEFE_KEYSTORE");
  return path != nullptr ? path : "";
}

FriendRecord bob() {
  FriendRecord out;
  out.petname = "bob";
  out.trust = TrustLevel::Met;
  out.identity_key.fill(1);
  out.static_key.fill(2);
  out.service_key.fill(3);
  out.address = crypto::overlay_address(out.service_key);
  return out;
}

crypto::BuildPacket packet_to(const crypto::PublicKey& onion_key) {
  wire::BuildRecord record;
  record.terminal = true;
  record.made_at = static_cast<std::uint32_t>(os::wall_now().unix_seconds() / 60 * 60);
  record.lifetime = 3'600;
  crypto::BuildStop stop{onion_key, {}};
  wire::write_build_record(record, stop.record);
  crypto::SystemEntropy random;
  crypto::BuildPacket out{};
  const ByteArray<crypto::kBuildPayloadSize> payload{};
  REQUIRE(crypto::OriginBuild::make({&stop, 1}, payload, random, out).ok());
  return out;
}

struct Suite : Edges {
  Suite() : Edges("keystore") {}

  [[nodiscard]] os::Output init() const {
    return *os::run({program(), {"--init", "--root", place.root.text()}, {}, {}});
  }
  std::uint32_t accepted(const FriendRecord& record) {
    auto request = router->peer().castAs<Router>().loadFriendsRequest();
    rpc::write_friends(std::vector<FriendRecord>{record}, request);
    return wait(request.send().then([](auto&& reply) { return reply.getAccepted(); }));
  }
  FriendRecord endorsed(FriendRecord record) {
    auto request = owner->peer().castAs<Operator>().endorseRequest();
    rpc::write_friend(record, request.initFriend());
    return wait(request.send().then([record](auto&& reply) mutable {
      const auto ok = reply.getReply().getOk();
      record.serial = ok.getSerial();
      copy(rpc::as_view(ok.getEndorsement()), record.endorsement);
      return record;
    }));
  }
  std::vector<crypto::PublicKey> onion_keys() {
    return wait(router->peer().castAs<Router>().onionKeysRequest().send().then([](auto&& reply) {
      std::vector<crypto::PublicKey> out;
      for (const auto key : reply.getKeys()) out.push_back(*rpc::exactly<32>(key.getKey()));
      return out;
    }));
  }
  // Nothing when it was opened.
  std::optional<schema::Refusal> open_build(ByteView packet) {
    auto request = router->peer().castAs<Router>().openBuildRequest();
    request.setPacket(rpc::as_data(packet));
    return wait(request.send().then([](auto&& answer) -> std::optional<schema::Refusal> {
      const auto reply = answer.getReply();
      if (reply.isRefused()) return reply.getRefused();
      return std::nullopt;
    }));
  }
};

bool skipped() {
  if (os::is_root()) return false;
  MESSAGE("skipped: needs root, to become the keystore's user");
  return true;
}

TEST_CASE("a jailed keystore endorses, dies by kill -9, and its endorsement is still good") {
  if (skipped()) return;
  REQUIRE(crypto::init());
  Suite suite;
  const os::Output made = suite.init();
  REQUIRE(made.status == 0);
  const auto card = config::parse_card(made.text, "card");
  REQUIRE(card.ok());
  // Nobody has written the identity down yet: the same keys are shown again, later never.
  CHECK(suite.init().text == made.text);
  suite.place.root.write("etc/covfefe/identity.yaml", made.text);
  CHECK(suite.init().status == 1);

  Child first(suite.place, program(), suite.operators);
  suite.connect();
  const bool same_identity = suite.wait(
      suite.router->peer().castAs<Router>().identityRequest().send().then([&card](auto&& reply) {
        return *rpc::exactly<32>(reply.getIdentity().getIdentityKey()) == card->identity_key;
      }));
  CHECK(same_identity);
  const FriendRecord record = suite.endorsed(bob());
  CHECK(suite.accepted(record) == 1);
  CHECK(suite.accepted(bob()) == 0);
  CHECK(WTERMSIG(first.end(SIGKILL)) == SIGKILL);

  Child second(suite.place, program(), suite.operators);
  suite.connect();
  CHECK(suite.accepted(record) == 1);
  CHECK(suite.accepted(bob()) == 0);
  const int status = second.end(SIGTERM);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a jailed keystore opens a build once, and after kill -9 no build from before") {
  if (skipped()) return;
  REQUIRE(crypto::init());
  Suite suite;
  REQUIRE(suite.init().status == 0);
  Child first(suite.place, program(), suite.operators);
  suite.connect();
  const auto before = suite.onion_keys();
  REQUIRE(!before.empty());  // in the last 20 minutes of an hour the next one's key is there too
  const auto used = packet_to(before[0]);
  const auto unused = packet_to(before[0]);
  CHECK(suite.open_build(used) == std::nullopt);
  CHECK(suite.open_build(used) == schema::Refusal::REPLAYED);
  CHECK(suite.open_build(ByteView(used).first(1'263)) == schema::Refusal::MALFORMED);
  first.end(SIGKILL);

  Child second(suite.place, program(), suite.operators);
  suite.connect();
  const auto after = suite.onion_keys();
  REQUIRE(!after.empty());
  CHECK(after != before);
  CHECK(suite.open_build(used) == schema::Refusal::FORGED);
  CHECK(suite.open_build(unused) == schema::Refusal::FORGED);
  CHECK(suite.open_build(packet_to(after[0])) == std::nullopt);
}

TEST_CASE("a keystore with a damaged key file says so and does not start") {
  if (skipped()) return;
  Suite suite;
  REQUIRE(suite.init().status == 0);
  std::filesystem::resize_file(suite.place.root / "var/lib/covfefe/keystore/keys.sealed", 100);
  Child child(suite.place, program(), suite.operators);
  const int status = child.end(SIGCONT);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
}

}  // namespace
}  // namespace covfefe::test
