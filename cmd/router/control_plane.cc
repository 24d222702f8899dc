// SPDX-License-Identifier: Apache-2.0
#include "control_plane.h"

#include "os/clock.h"
#include "rpc/watchdog.h"

namespace covfefe::router {
namespace {

constexpr Duration kMeasureEvery = Duration::seconds(10);
constexpr Duration kRememberEvery = Duration::seconds(1);
constexpr std::size_t kMailPerWake = 128;
constexpr Duration kUplinkEvery = Duration::minutes(1);
// Of the shaper: the longest answer is every lease that there can be.
constexpr std::uint64_t kLeaseListWords = 64 * 1024;

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
               [this](core::Remembered what) { core_.remember(std::move(what)); },
               [this](const History::Minutes& minutes) { shaper_.recall(minutes); }}),
      sure_(*held.service, *held.to_data),
      shaper_({*held.service, *held.to_data, sure_, log_, [] { return os::monotonic_now(); },
               [this](const History::Minutes& minutes) { peerdb_.remember(minutes); }}),
      view_{held.node.name,
            held.node.config.address,
            keystore_,
            peerdb_,
            questions_,
            operator_calls_,
            attached_,
            [this] { return shaper_.sentence(); },
            [this](Measured measured, core::StatusReport status) {
              return describe(std::move(measured), std::move(status));
            },
            [this](const std::string& text) { return config_.apply(text); }},
      operators_([this] { return operator_capability(view_); }) {
  core_.on_table([this](const std::vector<core::Friend>& all) { shaper_.set_friends(all); });
}

SysResult<void> ControlPlane::run() {
  log_.record(sandbox::level_of(report_), "jailed", {{"jail", sandbox::summary(report_)}});
  listen();
  core_.set_config(held_.node.file);
  held_.service->on_readable(held_.to_control->wake_fd().number(), [this] { on_mail(); });
  held_.service->every(kMeasureEvery, [this] { measure(); });
  held_.service->every(kRememberEvery, [this] {
    peerdb_.write();
    shaper_.tend();
  });
  held_.service->every(kUplinkEvery, [this] { shaper_.measure(); });
  rpc::tend_watchdog(*held_.service, held_.notifier, [this] { prove_alive(); });
  return held_.service->run();
}

// Both threads are alive when the data thread answers. Its silence is counted with the questions.
void ControlPlane::prove_alive() {
  held_.service->run_beside(
      questions_.measure().then([this](Measured&&) { held_.notifier.alive(); }));
}

void ControlPlane::listen() {
  rpc::Service& service = *held_.service;
  Listeners& sockets = held_.listeners;
  service.listen(service_edge("router.keystore", 4 * 1024), sockets.keystore.release(), keystore_);
  service.listen(service_edge("router.peerdb", rpc::kFriendListWords), sockets.peerdb.release(),
                 peerdb_);
  service.listen(service_edge("router.shaper", kLeaseListWords), sockets.shaper.release(), shaper_);
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
  if (const auto* request = std::get_if<core::ShaperRequest>(&mail)) return shaper_.ask(*request);
  if (auto* places = std::get_if<core::LinkPlaces>(&mail)) {
    return shaper_.set_places(std::move(places->all));
  }
  if (const auto* outcome = std::get_if<core::PromiseOutcome>(&mail)) {
    return peerdb_.remember(*outcome, os::wall_now());
  }
  if (const auto* notice = std::get_if<core::PromiseNotice>(&mail)) return note(*notice);
  if (const auto* attached = std::get_if<Attached>(&mail)) return note(*attached);
  if (std::holds_alternative<Stop>(mail)) held_.service->stop();
}

void ControlPlane::note(const core::LinkChanged& changed) {
  const char* const state = changed.state == core::LinkState::Up            ? "up"
                            : changed.state == core::LinkState::Handshaking ? "handshaking"
                                                                            : "down";
  log_.record(Level::Info, "link", {{"friend", name_of_friend(changed.id)}, {"state", state}});
}

void ControlPlane::note(const core::PromiseNotice& notice) {
  log_.record(Level::Notice, "promise",
              {{"friend", name_of_friend(notice.id)}, {"what", notice.what}});
}

void ControlPlane::note(const Attached& attached) {
  attached_ = attached;
  log_.record(Level::Notice, "attached",
              {{"tun", attached_.tun ? "yes" : "no"},
               {"shaper", attached_.shaper ? "yes" : std::string(attached_.why_no_shaper)}});
}

std::string ControlPlane::name_of_friend(FriendId id) const {
  const FriendRecord* const who = peerdb_.find(id);
  return who != nullptr ? who->petname : std::to_string(id.value);
}

void ControlPlane::measure() {
  if (peerdb_.friends().empty()) return;
  held_.service->run_beside(questions_.status().then(
      [this](core::StatusReport&& report) { peerdb_.measure(report, os::wall_now()); }));
}

std::vector<rpc::InspectedInterface> ControlPlane::interfaces() {
  const rpc::Service& service = *held_.service;
  return {{capnp::Schema::from<schema::RouterOperator>(), "router.operator",
           service.count("router.operator"), operator_calls_.calls},
          {capnp::Schema::from<schema::FriendObserver>(), "router.peerdb",
           service.count("router.peerdb"), peerdb_.observer_calls().calls},
          {capnp::Schema::from<schema::LeaseObserver>(), "router.shaper",
           service.count("router.shaper"), shaper_.observer_calls().calls}};
}

void ControlPlane::count(rpc::InspectedService& out) {
  out.counters.push_back({"keystore.asked", keystore_.asked()});
  out.counters.push_back({"keystore.refused", keystore_.refused()});
  out.counters.push_back({"shaper.unanswered", shaper_.unanswered()});
  out.counters.push_back({"shaper.disbelieved", shaper_.disbelieved()});
  out.counters.push_back({"questions.unanswered", questions_.unanswered()});
  out.counters.push_back({"rpc.failed_tasks", held_.service->failed_tasks()});
  for (const char* edge :
       {"router.keystore", "router.peerdb", "router.shaper", "router.operator"}) {
    const rpc::EdgeCount count = held_.service->count(edge);
    out.counters.push_back({std::string(edge) + ".connections", count.accepted});
  }
  out.queues.push_back({"keystore_calls", keystore_.in_flight(), 256, 0});
  out.queues.push_back(
      {"metric_samples", peerdb_.waiting_samples(), 2 * kMaxMetricSamples, peerdb_.lost_samples()});
  out.queues.push_back({"to_remember", peerdb_.routes().waiting(),
                        kMostWaitingCatalogues + kMaxDestinations, peerdb_.routes().lost()});
  out.queues.push_back(
      {"history", peerdb_.history().waiting(), History::kMost, peerdb_.history().lost()});
  out.queues.push_back({"leases", shaper_.leases(), kMostLeases, 0});
  out.queues.push_back({"shaper_calls", shaper_.in_flight(), kMostShaperCalls, 0});
  out.queues.push_back({"sure_mail", sure_.waiting(), kMostSureMail, sure_.lost()});
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
  for (const Queue& one : measured.queues) {
    out.queues.push_back({one.name, one.depth, one.capacity, one.dropped});
  }
  count(out);
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
