// SPDX-License-Identifier: Apache-2.0
// RouterOperator over an in-memory pipe, with this test as the data thread.
#include <kj/async-io.h>

#include "os/clock.h"
#include "tests/rpc/router_support.h"

using namespace covfefe;
using namespace covfefe::router;

namespace {

struct OperatorDesk : Desk {
  CoreView core{*service, *to_data};
  Questions questions{*service, *to_data};
  KeystoreEdge keystore{{*service, *to_data, core, log, {}}};
  PeerdbEdge peerdb{{*service, log, entropy, [](const auto&) {}}};
  rpc::CallCount calls;
  Attached attached;
  OperatorView view{
      "alice",
      friend_named("alice", 1).address,
      keystore,
      peerdb,
      questions,
      calls,
      attached,
      // Later: g++ 12 takes a text inside a promise that is kept at once for uninitialised.
      [] { return kj::evalLater([] { return std::string("the shaper hums"); }); },
      [](Measured measured, core::StatusReport) {
        rpc::InspectedService out;
        out.service = "router";
        out.interfaces = {
            {capnp::Schema::from<schema::RouterOperator>(), "router.operator", {1, 2, 3}, 4}};
        for (const auto& one : measured.counters) {
          out.counters.push_back({one.name, one.value});
        }
        return out;
      }};
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  kj::Own<rpc::Endpoint> server = kj::heap<rpc::Endpoint>(kj::mv(pipe.ends[0]), rpc::Side::Acceptor,
                                                          rpc::Limits{}, operator_capability(view));
  kj::Own<rpc::Endpoint> client =
      kj::heap<rpc::Endpoint>(kj::mv(pipe.ends[1]), rpc::Side::Connector, rpc::Limits{}, nullptr);
  std::vector<core::PingQuery> pings;
  bool silent = false;

  OperatorDesk() {
    service->on_readable(to_data->wake_fd().number(), [this] {
      to_data->drain([this](ToData mail) { answer(std::move(mail)); });
    });
  }

  schema::RouterOperator::Client router() {
    return client->peer().castAs<schema::RouterOperator>();
  }

  void answer(ToData mail) {
    if (silent) return;
    if (const auto* query = std::get_if<MeasureQuery>(&mail)) {
      return questions.answered(Measured{query->request, {{"core.steps", 11}}, {}});
    }
    const auto* query = std::get_if<core::Query>(&mail);
    if (query == nullptr) return;
    if (std::holds_alternative<core::StatusQuery>(query->what)) {
      core::FriendReport bob;
      bob.id = {2};
      bob.state = core::LinkState::Up;
      bob.remote = *parse_endpoint("192.0.2.1:6364");
      bob.rtt = Duration::micros(1234);
      bob.last_heard = os::monotonic_now();
      return questions.answered({query->request, core::StatusReport{{bob}, {}}});
    }
    if (const auto* ping = std::get_if<core::PingQuery>(&query->what)) {
      pings.push_back(*ping);
      return questions.answered(
          {query->request, core::PingReport{true, Duration::millis(3), "direct", ""}});
    }
    questions.answered({query->request, core::WhyReport{{{true, "the link is up", ""}}}});
  }

  kj::Promise<void> befriended() {
    class Friends final : public schema::PeerdbForRouter::Server {
     public:
      kj::Promise<void> friends(FriendsContext context) override {
        rpc::write_friends({friend_named("bob", 2), friend_named("carol", 3)},
                           context.getResults());
        return kj::READY_NOW;
      }
    };
    peerdb.connected(schema::PeerdbForRouter::Client(kj::heap<Friends>()));
    return turns();
  }
};

kj::Promise<void> ping_of(schema::RouterOperator::Client router, const char* peer,
                          std::uint32_t timeout_ms, std::string& why) {
  auto request = router.pingRequest();
  request.setPeer(peer);
  request.setTimeoutMs(timeout_ms);
  return request.send().then(
      [&why](auto&& answer) { why = rpc::text(answer.getReply().getWhy()); });
}

}  // namespace

TEST_CASE_FIXTURE(OperatorDesk, "status shows every friend, with what the packet thread knows") {
  std::vector<std::string> seen;
  run(befriended()
          .then([this] { return router().statusRequest().send(); })
          .then([&seen](auto&& answer) {
            for (const auto one : answer.getStatus().getFriends()) {
              seen.push_back(rpc::text(one.getPetname()) + " " + rpc::text(one.getPath()) + " " +
                             std::to_string(one.getRttMicros()) + " " +
                             (one.getLastHeardMs() == UINT64_MAX ? "never" : "heard"));
            }
          }));
  CHECK(seen == std::vector<std::string>{"bob direct 192.0.2.1:6364 1234 heard", "carol  0 never"});
  CHECK(calls.calls == 1);
}

TEST_CASE_FIXTURE(OperatorDesk, "a ping goes to the friend's address for at most a minute") {
  std::string why;
  run(befriended().then([&] { return ping_of(router(), "bob", 4'000'000'000, why); }));
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].peer == friend_named("bob", 2).address);
  CHECK(pings[0].timeout == Duration::seconds(60));
  CHECK(why.empty());
}

TEST_CASE_FIXTURE(OperatorDesk, "an overlay address needs no friend of that name") {
  std::string why;
  run(ping_of(router(), "fd00::77", 0, why));
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].timeout == Duration::seconds(2));
}

TEST_CASE_FIXTURE(OperatorDesk, "a ping of nobody is answered here, in words") {
  std::string why;
  run(ping_of(router(), "mallory", 100, why));
  CHECK(why == "there is no friend called mallory");
  CHECK(pings.empty());
}

TEST_CASE_FIXTURE(OperatorDesk, "an address outside the overlay is nobody") {
  std::string why;
  run(ping_of(router(), "2001:db8::1", 100, why));
  CHECK_FALSE(why.empty());
  CHECK(pings.empty());
}

TEST_CASE_FIXTURE(OperatorDesk, "why names each missing service and then the peer's own state") {
  std::vector<std::string> bad;
  std::vector<std::string> good;
  auto request = router().whyRequest();
  request.setPeer("fd00::77");
  run(request.send().then([&](auto&& answer) {
    for (const auto one : answer.getFindings()) {
      (one.getOk() ? good : bad).push_back(rpc::text(one.getWhat()));
      if (!one.getOk()) CHECK(one.getNext().size() > 0);
    }
  }));
  CHECK(bad.size() == 4);
  CHECK(good == std::vector<std::string>{"the shaper hums", "the link is up"});
}

TEST_CASE_FIXTURE(OperatorDesk, "inspect names the interface, its methods and live counters") {
  std::vector<std::string> methods;
  std::uint64_t steps = 0;
  run(router().inspectRequest().send().then([&](auto&& answer) {
    const auto inspection = answer.getInspection();
    CHECK(rpc::text(inspection.getInterfaces()[0].getName()) == "RouterOperator");
    for (const auto name : inspection.getInterfaces()[0].getMethods()) {
      methods.push_back(rpc::text(name));
    }
    steps = inspection.getCounters()[0].getValue();
  }));
  CHECK(methods == std::vector<std::string>{"status", "ping", "why", "inspect"});
  CHECK(steps == 11);
}

TEST_CASE_FIXTURE(OperatorDesk,
                  "a packet thread that does not answer fails the call, not the edge") {
  silent = true;
  run(router().statusRequest().send().ignoreResult());
  KJ_IF_MAYBE (error, failure) {
    CHECK(error->kind == rpc::CallFailure::Overloaded);
  } else {
    FAIL("the call succeeded");
  }
  CHECK(questions.unanswered() == 1);
}

TEST_CASE_FIXTURE(OperatorDesk, "an operator who leaves in the middle of a call harms nothing") {
  silent = true;
  auto call = router().statusRequest().send().ignoreResult().catch_([](kj::Exception&&) {});
  run(turns().then([this, &call] {
    client = nullptr;
    silent = false;
    return call.then([this] { return questions.status().ignoreResult(); });
  }));
  CHECK(failure == nullptr);
}

TEST_CASE_FIXTURE(OperatorDesk, "who holds the operator's edge can call nothing of other edges") {
  run(client->peer().castAs<schema::PeerdbForRouter>().friendsRequest().send().ignoreResult());
  KJ_IF_MAYBE (error, failure) {
    CHECK(error->kind == rpc::CallFailure::Unimplemented);
  } else {
    FAIL("the call succeeded");
  }
}
