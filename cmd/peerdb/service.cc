// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include "os/clock.h"
#include "os/log_sink.h"
#include "os/signals.h"
#include "rpc/convert.h"
#include "rpc/watchdog.h"
#include "service_edges.h"
#include "store/database.h"

namespace covfefe::peerdb {
namespace {

constexpr Duration kUpkeepEvery = Duration::seconds(60);
constexpr std::int64_t kIntegrityEvery = 24 * 3600;  // seconds

void log_opening(Log& log, const store::Database& database) {
  switch (database.how()) {
    case store::Opened::Existing:
      return log.record(Level::Info, "database-open");
    case store::Opened::Created:
      return log.record(Level::Notice, "database-created");
    case store::Opened::Restored:
      return log.record(Level::Error, "database-restored-from-backup",
                        {{"corrupt_file", database.quarantined()}});
    case store::Opened::StartedEmpty:
      return log.record(Level::Error, "database-corrupt-and-no-backup",
                        {{"corrupt_file", database.quarantined()}});
  }
}

class Upkeep {
 public:
  Upkeep(Node& node, WallTime now) : node_(node), checked_(now.unix_seconds()) {
    node.backup_due = true;
  }

  void run(WallTime now) {
    const std::int64_t seconds = now.unix_seconds();
    if (node_.backup_due || is_old(1, seconds)) {
      // A loop of restarts or changes must not push out what was there yesterday.
      const auto next = is_old(2, seconds) ? store::Generation::Next : store::Generation::Same;
      if (keep(node_.database.back_up(next))) node_.backup_due = false;
    }
    if (seconds - checked_ >= kIntegrityEvery && keep(node_.database.integrity_check())) {
      checked_ = seconds;
    }
  }
  // A backup at the start, once a day and within a minute of a change of friends; of one day only
  // the last is kept. A full check once a day.

 private:
  [[nodiscard]] bool is_old(int backup, std::int64_t now) const {
    const std::int64_t made = store::backup_made(node_.database.path(), backup);
    return made > now || now - made >= store::kBackupEvery;
  }

  bool keep(const store::StoreResult<void>& result) {
    if (!result) (void)refusal_for(node_, result.error());
    return result.ok();
  }

  Node& node_;
  std::int64_t checked_;
};

struct Facts {
  const Resources& resources;
  const sandbox::JailReport& report;
  Instant started;
};

rpc::InspectedService describe(const Node& node, const Facts& facts) {
  rpc::InspectedService out;
  const rpc::Service& service = *facts.resources.service;
  out.service = "peerdb";
  out.version = COVFEFE_VERSION;
  out.pid = os::own_pid();
  out.uptime = os::monotonic_now() - facts.started;
  out.interfaces = {
      {capnp::Schema::from<schema::PeerdbForRouter>(), "router.peerdb",
       service.count("router.peerdb"), node.router_calls.calls},
      {capnp::Schema::from<schema::PeerdbOperator>(), "peerdb.operator",
       service.count("peerdb.operator"), node.operator_calls.calls},
  };
  out.counters = {{"friend_changes", node.changes},
                  {"refusals", node.refusals},
                  {"observers", node.observers.size()},
                  {"failed_tasks", service.failed_tasks()}};
  out.jail.syscalls = facts.report.syscalls;
  out.jail.landlock = facts.report.landlock;
  out.jail.unknown = sandbox::name_of(facts.report.unknown);
  if (const auto state = facts.resources.jail.read()) out.jail.state = *state;
  if (service.count("router.peerdb").live == 0) out.state = "waits for the router";
  return out;
}

// The directory's volume was unmounted outside, or another one lies above it: what is written from
// now on would be found by nobody.
void leave_with_volume(Resources& held, Log& log, int& status) {
  held.service->every(os::kMountsEvery, [&held, &log, &status] {
    if (!held.volume.changed()) return;
    log.record(Level::Error, "volume-gone", {{"directory", held.volume.directory()}});
    held.notifier.status("its volume was unmounted");
    status = 1;
    held.service->stop();
  });
}

}  // namespace

int serve(sandbox::Confined<Resources> jailed) {
  Resources& held = jailed.resources();
  os::StderrLog log("covfefe-peerdb");
  auto database = store::Database::open(held.database, os::wall_now());
  if (!database) {
    log.record(Level::Error, "database-refused", {{"why", database.error().text}});
    return rpc::end_unready(*held.service);
  }
  log_opening(log, *database);
  store::Peers peers(*database);
  store::Routes routes(*database);
  store::Promises promises(*database);
  store::Capacity capacity(*database);
  int status = 0;
  const Facts facts{held, jailed.report(), os::monotonic_now()};
  Node node{*database, peers, routes, promises, capacity, log, {}, {}, {}, {}, {}};
  node.disk_failed = [&held, &status] {
    status = 1;
    held.service->stop();
  };
  node.inspect = [&node, &facts] { return describe(node, facts); };
  rpc::Exports router([&node] { return router_edge(node); });
  rpc::Exports operators([&node] { return operator_edge(node); });
  rpc::Limits friend_lists;
  friend_lists.traversal_words = rpc::kFriendListWords;
  held.service->connect({"router.peerdb", friend_lists}, held.router_socket, router);
  held.service->listen({"peerdb.operator", friend_lists}, held.operator_listener.release(),
                       operators);
  held.service->on_readable(held.signals.number(), [&held] {
    if (os::read_signal(held.signals)) held.service->stop();
  });
  Upkeep upkeep(node, os::wall_now());
  upkeep.run(os::wall_now());
  held.service->every(kUpkeepEvery, [&upkeep] { upkeep.run(os::wall_now()); });
  rpc::tend_watchdog(*held.service, held.notifier, [&held, &node] {
    if (node.database.answers().ok()) held.notifier.alive();
  });
  leave_with_volume(held, log, status);
  log.record(sandbox::level_of(jailed.report()), "jailed",
             {{"jail", sandbox::summary(jailed.report())}});
  held.notifier.ready();
  if (auto ran = held.service->run(); !ran) {
    log.record(Level::Error, "loop-failed", {{"why", ran.error().text()}});
    return 1;
  }
  // Connections hold capabilities that point at the node: they go first.
  held.service.reset();
  return status;
}

}  // namespace covfefe::peerdb
