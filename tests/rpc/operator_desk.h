// SPDX-License-Identifier: Apache-2.0
// RouterOperator over an in-memory pipe, with the test as the data thread.
#pragma once

#include <kj/async-io.h>

#include "os/clock.h"
#include "tests/rpc/router_support.h"

namespace covfefe::router {

struct OperatorDesk : Desk {
  CoreView core{*service, *to_data};
  Questions questions{*service, *to_data};
  KeystoreEdge keystore{{*service, *to_data, core, log, {}}};
  PeerdbEdge peerdb{{*service, log, entropy, [](const auto&) {}}};
  rpc::CallCount calls;
  Attached attached;
  OperatorView view{
      "alice", friend_named("alice", 1).address, keystore, peerdb, questions, calls, attached,
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
      },
      [this](const std::string& text) {
        texts.push_back(text);
        return applied;
      }};
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  kj::Own<rpc::Endpoint> server = kj::heap<rpc::Endpoint>(
      kj::mv(pipe.ends[0]), rpc::Side::Acceptor, kOperatorLimits, operator_capability(view));
  kj::Own<rpc::Endpoint> client =
      kj::heap<rpc::Endpoint>(kj::mv(pipe.ends[1]), rpc::Side::Connector,
                              rpc::Limits{.traversal_words = 1024 * 1024}, nullptr);
  bool silent = false;
  // What the packet thread says, and what it was asked.
  core::StatusReport status_report{{bob_up()}, {}};
  core::CircuitsReport circuits;
  core::PathReport path;
  core::PingReport pong{true, Duration::millis(3), "direct", "", {}};
  core::CircuitClosed closed;
  core::NameReport named;
  std::vector<core::PingQuery> pings;
  std::vector<core::CircuitNew> builds;
  std::vector<core::NameQuery> names;
  std::vector<std::uint32_t> closes;
  core::IdentityReport identity;
  core::PromisesReport promises;
  core::ReserveReport reserved;
  core::PromiseDone done{true, "done", "", {}};
  std::vector<core::ReserveQuery> reserves;
  std::vector<core::ExtendQuery> extensions;
  std::vector<core::IntendQuery> intents;
  std::vector<core::PleaseQuery> pleas;
  std::vector<core::AnswerQuery> answers;
  std::vector<std::uint32_t> releases;
  ConfigReply applied{true, {"idle_lane"}, ""};
  std::vector<std::string> texts;

  OperatorDesk() {
    service->on_readable(to_data->wake_fd().number(), [this] {
      to_data->drain([this](ToData mail) { take(std::move(mail)); });
    });
  }

  static core::FriendReport bob_up() {
    core::FriendReport bob;
    bob.id = {2};
    bob.state = core::LinkState::Up;
    bob.remote = *parse_endpoint("192.0.2.1:6364");
    bob.rtt = Duration::micros(1234);
    bob.last_heard = os::monotonic_now();
    return bob;
  }

  schema::RouterOperator::Client router() {
    return client->peer().castAs<schema::RouterOperator>();
  }

  void take(ToData mail) {
    if (silent) return;
    if (const auto* query = std::get_if<MeasureQuery>(&mail)) {
      return questions.answered(Measured{query->request, {{"core.steps", 11}}, {}});
    }
    const auto* query = std::get_if<core::Query>(&mail);
    if (query == nullptr) return;
    core::Answer answer;
    answer.request = query->request;
    std::visit([this, &answer](const auto& what) { reply(what, answer); }, query->what);
    questions.answered(std::move(answer));
  }

  void reply(const core::StatusQuery&, core::Answer& to) { to.what = status_report; }
  void reply(const core::CircuitsQuery&, core::Answer& to) { to.what = circuits; }
  void reply(const core::PathQuery&, core::Answer& to) { to.what = path; }
  void reply(const core::WhyQuery&, core::Answer& to) {
    to.what = core::WhyReport{{{true, "the link is up", ""}}};
  }
  void reply(const core::PingQuery& what, core::Answer& to) {
    pings.push_back(what);
    to.what = pong;
  }
  void reply(const core::CircuitNew& what, core::Answer& to) {
    builds.push_back(what);
    to.what = circuits;
  }
  void reply(const core::CircuitClose& what, core::Answer& to) {
    closes.push_back(what.circuit);
    to.what = closed;
  }
  void reply(const core::NameQuery& what, core::Answer& to) {
    names.push_back(what);
    to.what = named;
  }
  void reply(const core::IdentityNew&, core::Answer& to) {
    identity = {true, *parse_address("fd00::aa")};
    to.what = identity;
  }
  void reply(const core::IdentityDrop&, core::Answer& to) {
    identity = {false, view.address};
    to.what = identity;
  }

  void reply(const core::PromisesQuery&, core::Answer& to) { to.what = promises; }
  void reply(const core::ReserveQuery& what, core::Answer& to) {
    reserves.push_back(what);
    to.what = reserved;
  }
  void reply(const core::ExtendQuery& what, core::Answer& to) {
    extensions.push_back(what);
    to.what = reserved;
  }
  void reply(const core::ReleaseQuery& what, core::Answer& to) {
    releases.push_back(what.id);
    to.what = done;
  }
  void reply(const core::IntendQuery& what, core::Answer& to) {
    intents.push_back(what);
    to.what = done;
  }
  void reply(const core::PleaseQuery& what, core::Answer& to) {
    pleas.push_back(what);
    to.what = done;
  }
  void reply(const core::AnswerQuery& what, core::Answer& to) {
    answers.push_back(what);
    to.what = done;
  }

  kj::Promise<void> befriended() {
    return befriended({friend_named("bob", 2), friend_named("carol", 3)});
  }

  kj::Promise<void> befriended(std::vector<FriendRecord> all) {
    class Friends final : public schema::PeerdbForRouter::Server {
     public:
      explicit Friends(std::vector<FriendRecord> list) : list_(std::move(list)) {}
      kj::Promise<void> friends(FriendsContext context) override {
        rpc::write_friends(list_, context.getResults());
        return kj::READY_NOW;
      }

     private:
      std::vector<FriendRecord> list_;
    };
    peerdb.connected(schema::PeerdbForRouter::Client(kj::heap<Friends>(std::move(all))));
    return turns();
  }
};

}  // namespace covfefe::router
