// SPDX-License-Identifier: Apache-2.0
#include "control_plane.h"

#include <schema/shaper.capnp.h>

#include "os/clock.h"

namespace covfefe::router {
namespace {

constexpr Duration kMeasureEvery = Duration::seconds(10);
constexpr Duration kRememberEvery = Duration::seconds(1);
constexpr std::size_t kMailPerWake = 128;
constexpr kj::Duration kShaperPatience = 500 * kj::MILLISECONDS;

// Replies of one service to one router: a handshake is 60 words, a friend list is the longest.
rpc::Edge service_edge(const char* name, std::uint64_t words) {
  return {name, {.traversal_words = words}, 1, rpc::Overflow::DropOldest};
}

}  // namespace

ControlPlane::ControlPlane(Resources& held, const sandbox::JailReport& report)
    : held_(held),
      report_(report),
      log_("covfefe-router"),
      started_(os::monotonic_now()),
      core_(*held.service, *held.to_data),
      config_(held.node.file, [this](const config::Config& now) { core_.set_config(now); }),
      questions_(*held.service, *held.to_data),
      keystore_({*held.service, *held.to_data, core_, log_, held.node.config.static_key}),
      peerdb_({*held.service, log_, entropy_,
               [this](const std::vector<FriendRecord>& friends) {
                 core_.set_friends(friends);
                 keystore_.set_friends(friends);
               },
               [this](core::Remembered what) { core_.remember(std::move(what)); }}),
      view_{held.node.name,
            held.node.config.address,
            keystore_,
            peerdb_,
            questions_,
            operator_calls_,
            attached_,
            [this] { return shaper_sentence(); },
            [this](Measured measured, core::StatusReport status) {
              return describe(std::move(measured), std::move(status));
            },
            [this](const std::string& text) { return config_.apply(text); }},
      operators_([this] { return operator_capability(view_); }) {}

SysResult<void> ControlPlane::run() {
  log_.record(Level::Info, "jailed", {{"jail", sandbox::summary(report_)}});
  listen();
  core_.set_config(held_.node.file);
  held_.service->on_readable(held_.to_control->wake_fd().number(), [this] { on_mail(); });
  held_.service->every(kMeasureEvery, [this] { measure(); });
  held_.service->every(kRememberEvery, [this] { peerdb_.write_routes(); });
  return held_.service->run();
}

void ControlPlane::listen() {
  rpc::Service& service = *held_.service;
  Listeners& sockets = held_.listeners;
  service.listen(service_edge("router.keystore", 4 * 1024), sockets.keystore.release(), keystore_);
  service.listen(service_edge("router.peerdb", rpc::kFriendListWords), sockets.peerdb.release(),
                 peerdb_);
  service.listen(service_edge("router.shaper", 1024), sockets.shaper.release(), shaper_);
  service.listen({"router.operator", kOperatorLimits, 16, rpc::Overflow::RefuseNewest},
                 sockets.operators.release(), operators_);
}

void ControlPlane::on_mail() {
  held_.to_control->drain([this](ToControl mail) { take(std::move(mail)); }, kMailPerWake);
}

void ControlPlane::take(ToControl mail) {
  if (auto* request = std::get_if<core::KeystoreRequest>(&mail)) {
    return keystore_.ask(std::move(*request));
  }
  if (auto* answer = std::get_if<core::Answer>(&mail)) {
    return questions_.answered(std::move(*answer));
  }
  if (auto* answer = std::get_if<Measured>(&mail)) return questions_.answered(std::move(*answer));
  if (const auto* learned = std::get_if<core::EndpointLearned>(&mail)) {
    return peerdb_.learn(*learned);
  }
  if (const auto* changed = std::get_if<core::LinkChanged>(&mail)) return note(*changed);
  if (auto* served = std::get_if<core::Catalogue>(&mail)) {
    return peerdb_.remember(std::move(*served));
  }
  if (const auto* used = std::get_if<core::DestinationUsed>(&mail)) {
    return peerdb_.remember(*used);
  }
  if (const auto* attached = std::get_if<Attached>(&mail)) {
    attached_ = *attached;
    log_.record(Level::Notice, "attached",
                {{"tun", attached_.tun ? "yes" : "no"},
                 {"shaper", attached_.shaper ? "yes" : std::string(attached_.why_no_shaper)}});
    return;
  }
  if (std::holds_alternative<Stop>(mail)) held_.service->stop();
}

void ControlPlane::note(const core::LinkChanged& changed) {
  const char* const state = changed.state == core::LinkState::Up            ? "up"
                            : changed.state == core::LinkState::Handshaking ? "handshaking"
                                                                            : "down";
  const FriendRecord* const who = peerdb_.find(changed.id);
  log_.record(Level::Info, "link",
              {{"friend", who != nullptr ? who->petname : std::to_string(changed.id.value)},
               {"state", state}});
}

void ControlPlane::measure() {
  if (peerdb_.friends().empty()) return;
  held_.service->run_beside(questions_.status().then(
      [this](core::StatusReport&& report) { peerdb_.measure(report, os::wall_now()); }));
}

kj::Promise<std::string> ControlPlane::shaper_sentence() {
  KJ_IF_MAYBE (client, shaper_.client) {
    auto asked = client->castAs<schema::ShaperForRouter>().statusRequest().send().then(
        [](capnp::Response<schema::ShaperForRouter::StatusResults>&& answer) {
          const auto status = answer.getStatus();
          return "the shaper sent " + std::to_string(status.getSentDatagrams()) +
                 " datagrams, holds " + std::to_string(status.getQueuedDatagrams()) + " and met " +
                 std::to_string(status.getSendErrors()) + " send errors";
        });
    auto late = held_.service->timer().afterDelay(kShaperPatience).then([] {
      return std::string("the shaper does not answer on its control edge");
    });
    return asked.exclusiveJoin(kj::mv(late)).catch_([](kj::Exception&&) { return std::string(); });
  }
  return std::string();
}

std::vector<rpc::InspectedInterface> ControlPlane::interfaces() {
  const rpc::Service& service = *held_.service;
  return {{capnp::Schema::from<schema::RouterOperator>(), "router.operator",
           service.count("router.operator"), operator_calls_.calls},
          {capnp::Schema::from<schema::FriendObserver>(), "router.peerdb",
           service.count("router.peerdb"), peerdb_.observer_calls().calls}};
}

rpc::InspectedService ControlPlane::describe(Measured measured, core::StatusReport report) {
  rpc::InspectedService out;
  out.service = "router";
  out.version = COVFEFE_VERSION;
  out.pid = os::own_pid();
  out.uptime = os::monotonic_now() - started_;
  out.interfaces = interfaces();
  for (const core::Counter& one : report.counters) out.counters.push_back({one.name, one.value});
  for (const core::Counter& one : measured.counters) out.counters.push_back({one.name, one.value});
  out.counters.push_back({"keystore.asked", keystore_.asked()});
  out.counters.push_back({"keystore.refused", keystore_.refused()});
  out.counters.push_back({"questions.unanswered", questions_.unanswered()});
  out.counters.push_back({"rpc.failed_tasks", held_.service->failed_tasks()});
  for (const char* edge :
       {"router.keystore", "router.peerdb", "router.shaper", "router.operator"}) {
    const rpc::EdgeCount count = held_.service->count(edge);
    out.counters.push_back({std::string(edge) + ".connections", count.accepted});
  }
  for (const Queue& one : measured.queues) {
    out.queues.push_back({one.name, one.depth, one.capacity, one.dropped});
  }
  out.queues.push_back({"keystore_calls", keystore_.in_flight(), 256, 0});
  out.queues.push_back(
      {"metric_samples", peerdb_.waiting_samples(), 2 * kMaxMetricSamples, peerdb_.lost_samples()});
  out.queues.push_back({"to_remember", peerdb_.routes().waiting(),
                        kMostWaitingCatalogues + kMaxDestinations, peerdb_.routes().lost()});
  out.jail.syscalls = report_.syscalls;
  out.jail.landlock = report_.landlock;
  out.jail.unknown = sandbox::name_of(report_.unknown);
  if (const auto jail = held_.jail.read()) out.jail.state = *jail;
  out.state = state();
  return out;
}

std::string ControlPlane::state() const {
  if (!attached_.tun) return "waits for the TUN device";
  if (!attached_.shaper) return "waits for the shaper";
  if (!peerdb_.attached()) return "waits for peerdb; the last view of friends stands";
  if (!keystore_.attached()) return "waits for the keystore; links that are up go on";
  if (keystore_.locked()) return "the keystore is locked; links that are up go on";
  if (keystore_.foreign()) return "the keystore holds other keys than identity.yaml names";
  return "ok";
}

}  // namespace covfefe::router
