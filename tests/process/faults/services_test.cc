// SPDX-License-Identifier: Apache-2.0
// The real peer database and the real keystore, jailed, on a disk whose Nth call fails: each ends
// or refuses, comes up again, and has what it acknowledged.
#include <doctest/doctest.h>
#include <schema/keystore.capnp.h>
#include <schema/peerdb.capnp.h>

#include <cerrno>
#include <cstdlib>
#include <optional>

#include "crypto/address.h"
#include "rpc/convert.h"
#include "tests/process/faults/report.h"
#include "tests/support/service_process.h"

namespace covfefe::faults {
namespace {

using test::Child;
using test::Edges;

constexpr int kFriends = 4;

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

FriendRecord friend_of(int number) {
  FriendRecord out;
  out.petname = "friend-" + std::to_string(number);
  out.trust = TrustLevel::Met;
  const auto byte = static_cast<std::uint8_t>(10 * number);
  out.identity_key.fill(byte);
  out.static_key.fill(static_cast<std::uint8_t>(byte + 1));
  out.service_key.fill(static_cast<std::uint8_t>(byte + 2));
  out.address = crypto::overlay_address(out.service_key);
  return out;
}

struct Suite : Edges {
  explicit Suite(const std::string& name) : Edges(name) {}

  // False if the service ends instead of coming up.
  bool come_up(const Child& child) {
    auto& timer = io.provider->getTimer();
    kj::Maybe<kj::Own<kj::AsyncIoStream>> stream;
    auto accepting = router_socket->accept()
                         .then([&](auto&& got) { stream = kj::mv(got); })
                         .eagerlyEvaluate(nullptr);
    for (int i = 0; i < 500 && stream == nullptr; ++i) {
      timer.afterDelay(10 * kj::MILLISECONDS).wait(io.waitScope);
      if (child.has_ended()) return false;
    }
    KJ_IF_MAYBE (got, stream) {
      router = kj::heap<rpc::Endpoint>(kj::mv(*got), rpc::Side::Acceptor, rpc::Limits{}, nullptr);
      const kj::String address =
          kj::str("unix:", place.socket(place.service + ".operator").c_str());
      auto parsed = wait(io.provider->getNetwork().parseAddress(address));
      owner = kj::heap<rpc::Endpoint>(wait(parsed->connect()), rpc::Side::Connector, rpc::Limits{},
                                      nullptr);
      return true;
    }
    return false;
  }

  // Nothing: the service ended before it answered.
  std::optional<bool> put(int number) {
    std::optional<bool> out;
    static_cast<void>(kj::runCatchingExceptions([&] {
      if (place.service == "peerdb") {
        auto request = owner->peer().castAs<schema::PeerdbOperator>().putFriendRequest();
        const ByteArray<16> operation{static_cast<std::uint8_t>(number)};
        request.setOperation(rpc::as_data(operation));
        rpc::write_friend(friend_of(number), request.initFriend());
        out = !wait(request.send()).getReply().isRefused();
      } else {
        auto request = owner->peer().castAs<schema::KeystoreOperator>().endorseRequest();
        rpc::write_friend(friend_of(number), request.initFriend());
        out = !wait(request.send()).getReply().isRefused();
      }
    }));
    return out;
  }

  // How many friends the service holds now.
  std::uint64_t held() {
    if (place.service == "peerdb") {
      const auto answer =
          wait(router->peer().castAs<schema::PeerdbForRouter>().friendsRequest().send());
      return answer.getFriends().size();
    }
    const auto answer =
        wait(owner->peer().castAs<schema::KeystoreOperator>().inspectRequest().send());
    for (const auto counter : answer.getInspection().getCounters())
      if (counter.getName() == "friends_endorsed") return counter.getValue();
    return 0;
  }
};

struct Trial {
  const char* service;
  const char* program;
  std::uint64_t nth;
  int error;
};

test::Environment faulty(const Suite& suite, const Trial& trial) {
  return {
      {"LD_PRELOAD", variable("COVFEFE_PRELOAD")},
      {"COVFEFE_FAULT", std::to_string(trial.nth) + " " + std::to_string(trial.error) + " once " +
                            suite.place.root.text() + "/var/lib/covfefe/" + trial.service}};
}

void one_trial(const Trial& trial, Report& report) {
  Suite suite(trial.service);
  if (suite.place.service == "keystore")
    REQUIRE(
        os::run({trial.program, {"--init", "--root", suite.place.root.text()}, {}, {}})->status ==
        0);
  std::uint64_t acked = 0;
  {
    Child child(suite.place, trial.program, suite.operators, faulty(suite, trial));
    const bool up = suite.come_up(child);
    for (int number = 1; up && number <= kFriends; ++number) {
      const auto answer = suite.put(number);
      if (!answer) break;
      if (*answer) ++acked;
    }
    suite.router = nullptr;
    suite.owner = nullptr;
    const int status = child.end(SIGTERM);
    CHECK(WIFEXITED(status));
  }
  ++report.cycles;
  report.acked += acked;
  Child again(suite.place, trial.program, suite.operators);
  REQUIRE(suite.come_up(again));
  if (suite.held() < acked) ++report.lost;
  CHECK(suite.put(kFriends + 1) == true);
  suite.router = nullptr;
  suite.owner = nullptr;
  CHECK(WEXITSTATUS(again.end(SIGTERM)) == 0);
}

void every_call(const char* service, const char* program, std::uint64_t calls) {
  if (!os::is_root()) {
    MESSAGE("skipped: needs root, to become the service's user");
    return;
  }
  Report report{std::string(service) + ": a call of the real service fails", 0, 0, 0, 0, {}};
  const std::uint64_t step = wants_all() ? 1 : calls / 10;
  for (std::uint64_t nth = 1 + seed() % step; nth <= calls; nth += step) {
    CAPTURE(nth);
    one_trial({service, program, nth, nth / step % 2 == 0 ? EIO : ENOSPC}, report);
  }
  report.note = "each " + std::to_string(step) + "th call, EIO and ENOSPC, in the jail";
  print(report);
  CHECK(report.ok());
}

TEST_CASE("the real peer database on a disk whose Nth call fails keeps what it acknowledged") {
  every_call("peerdb", variable("COVFEFE_PEERDB"), 150);
}

TEST_CASE("the real keystore on a disk whose Nth call fails keeps what it acknowledged") {
  every_call("keystore", variable("COVFEFE_KEYSTORE"), 30);
}

std::string why_locked(Suite& suite, const std::string& passphrase) {
  auto request = suite.owner->peer().castAs<schema::KeystoreOperator>().unlockRequest();
  request.setPassphrase(rpc::as_data(bytes_of(passphrase)));
  const auto answer = suite.wait(request.send());
  return answer.getOk() ? std::string() : std::string(answer.getWhy().cStr());
}

TEST_CASE("a hundred wrong passphrases cost little, lock nobody out, and the right one opens") {
  if (!os::is_root()) return;
  Suite suite("keystore");
  suite.place.root.write("secret", "correct horse battery\n");
  const std::string root = suite.place.root.text();
  const os::Program init{variable("COVFEFE_KEYSTORE"),
                         {"--init", "--root", root, "--passphrase-file=" + root + "/secret"},
                         {},
                         {}};
  REQUIRE(os::run(init)->status == 0);
  Child child(suite.place, variable("COVFEFE_KEYSTORE"), suite.operators);
  REQUIRE(suite.come_up(child));
  int computed = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string why = why_locked(suite, "wrong horse " + std::to_string(i));
    CHECK_FALSE(why.empty());
    if (why.find("one try a second") == std::string::npos) ++computed;
    // Whoever asks something else is answered in between.
    CHECK(suite.held() == 0);
  }
  // Each of those takes about a second of a processor.
  CHECK(computed <= 20);
  std::string why = "not tried";
  for (int i = 0; i < 60 && !why.empty(); ++i) {
    suite.io.provider->getTimer().afterDelay(100 * kj::MILLISECONDS).wait(suite.io.waitScope);
    why = why_locked(suite, "correct horse battery");
  }
  CHECK(why == "");
  CHECK(suite.put(1) == true);
  suite.router = nullptr;
  suite.owner = nullptr;
}

}  // namespace
}  // namespace covfefe::faults
