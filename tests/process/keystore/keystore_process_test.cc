// SPDX-License-Identifier: Apache-2.0
// The real program in its jail, with unlisted calls deadly: init, endorse, kill -9, start again.
// This test plays the supervisor, the operator and the router. Needs root.
#include <doctest/doctest.h>
#include <kj/async-io.h>
#include <schema/keystore.capnp.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "config/card.h"
#include "crypto/address.h"
#include "os/listen.h"
#include "os/process.h"
#include "os/users.h"
#include "rpc/convert.h"
#include "rpc/endpoint.h"
#include "tests/support/temporary_directory.h"

namespace covfefe::test {
namespace {

using Router = schema::KeystoreForRouter;
using Operator = schema::KeystoreOperator;

const char* program() {
  const char* path = std::getenv("COVFEFE_KEYSTORE");
  return path != nullptr ? path : "";
}

struct Place {
  TemporaryDirectory root;
  os::Owner user = *os::service_user("keystore", os::RootTree::Other);

  Place() {
    std::filesystem::permissions(root.text(), std::filesystem::perms{0755});
    root.write("etc/covfefenet.yaml", "name: alice\nstorage: {require_luks: no}\n");
    std::filesystem::create_directories(root / "etc/covfefe/credentials");
    std::filesystem::create_directories(root / "var/lib/covfefe");
    std::filesystem::create_directories(root / "run/covfefe");
    REQUIRE(os::make_directory(root / "var/lib/covfefe/keystore", {0700, user}).ok());
  }
  [[nodiscard]] std::string socket(const std::string& name) const {
    return root / ("run/covfefe/" + name + ".sock");
  }
  [[nodiscard]] os::Output init() const {
    return *os::run({program(), {"--init", "--root", root.text()}, {}, {}});
  }
  [[nodiscard]] os::Fd listen(const std::string& name) const {
    return *os::listen_unix({socket(name), os::UnixKind::Stream, {0600, user}});
  }
};

// Ends what it started, by its number.
class Child {
 public:
  Child(const Place& place, const os::Fd& operators) {
    os::Program started;
    started.path = program();
    started.arguments = {"--root", place.root.text(), "--jail-unknown=kill"};
    started.environment = {{"CREDENTIALS_DIRECTORY", place.root / "etc/covfefe/credentials"}};
    started.sockets = {{"keystore.operator", operators.number()}};
    pid_ = *os::spawn(started);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 1) end(SIGKILL);
  }
  int end(int signal) {
    const pid_t pid = std::exchange(pid_, 0);
    int status = 0;
    if (!os::send_signal(pid, signal).ok() || ::waitpid(pid, &status, 0) != pid) return -1;
    return status;
  }

 private:
  pid_t pid_ = 0;
};

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

struct Suite {
  kj::AsyncIoContext io = kj::setupAsyncIo();
  Place place;
  kj::Own<kj::ConnectionReceiver> router_socket;
  kj::Own<rpc::Endpoint> router;
  kj::Own<rpc::Endpoint> owner;

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return io.provider->getTimer()
        .timeoutAfter(20 * kj::SECONDS, kj::mv(promise))
        .wait(io.waitScope);
  }
  void connect() {
    router = kj::heap<rpc::Endpoint>(wait(router_socket->accept()), rpc::Side::Acceptor,
                                     rpc::Limits{}, nullptr);
    const kj::String address = kj::str("unix:", place.socket("keystore.operator").c_str());
    auto parsed = wait(io.provider->getNetwork().parseAddress(address));
    owner = kj::heap<rpc::Endpoint>(wait(parsed->connect()), rpc::Side::Connector, rpc::Limits{},
                                    nullptr);
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
};

TEST_CASE("a jailed keystore endorses, dies by kill -9, and its endorsement is still good") {
  if (!os::is_root()) {
    MESSAGE("skipped: needs root, to become the keystore's user");
    return;
  }
  REQUIRE(crypto::init());
  Suite suite;
  const os::Output made = suite.place.init();
  REQUIRE(made.status == 0);
  const auto card = config::parse_card(made.text, "card");
  REQUIRE(card.ok());
  CHECK(suite.place.init().status == 1);

  const os::Fd operators = suite.place.listen("keystore.operator");
  suite.router_socket = suite.io.lowLevelProvider->wrapListenSocketFd(
      suite.place.listen("router.keystore").release(), kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP);
  Child first(suite.place, operators);
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

  Child second(suite.place, operators);
  suite.connect();
  CHECK(suite.accepted(record) == 1);
  CHECK(suite.accepted(bob()) == 0);
  const int status = second.end(SIGTERM);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a keystore with a damaged key file says so and does not start") {
  if (!os::is_root()) return;
  Suite suite;
  REQUIRE(suite.place.init().status == 0);
  std::filesystem::resize_file(suite.place.root / "var/lib/covfefe/keystore/keys.sealed", 100);
  const os::Fd operators = suite.place.listen("keystore.operator");
  Child child(suite.place, operators);
  const int status = child.end(SIGCONT);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
}

}  // namespace
}  // namespace covfefe::test
