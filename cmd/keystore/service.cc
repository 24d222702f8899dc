// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include "credential.h"
#include "os/clock.h"
#include "os/files.h"
#include "os/log_sink.h"
#include "os/signals.h"
#include "rpc/convert.h"
#include "rpc/watchdog.h"
#include "service_edges.h"

namespace covfefe::keystore {
namespace {

constexpr const char* kRouterEdge = "router.keystore";
constexpr const char* kOperatorEdge = "keystore.operator";
constexpr Duration kRotation = Duration::minutes(1);

struct Facts {
  const Resources& resources;
  const sandbox::JailReport& report;
  Instant started;
};

std::string state_of(const Node& node, const rpc::Service& service) {
  if (!node.vault) return "locked: " + node.way_in;
  if (service.count(kRouterEdge).live == 0) return "waits for the router";
  return "ok";
}

std::vector<rpc::InspectedCounter> counters_of(const Node& node, const rpc::Service& service) {
  const Counters& counters = node.counters;
  return {{"handshakes_initiated", counters.initiated},
          {"handshakes_finished", counters.finished},
          {"handshakes_answered", counters.responded},
          {"handshakes_refused", counters.refused},
          {"certificates", counters.certified},
          {"builds_opened", counters.builds_opened},
          {"builds_refused", counters.builds_refused},
          {"onion_keys_made", node.onion ? node.onion->made() : 0},
          {"endorsements", counters.endorsed},
          {"revocations", counters.revoked},
          {"unlocks_failed", counters.failed_unlocks},
          {"saves_failed", counters.failed_saves},
          {"friends_endorsed", node.vault ? node.vault->endorsed() : 0},
          {"friends_loaded", node.vault ? node.vault->loaded() : 0},
          {"failed_tasks", service.failed_tasks()}};
}

rpc::InspectedService describe(const Node& node, const Facts& facts) {
  rpc::InspectedService out;
  const rpc::Service& service = *facts.resources.service;
  out.service = "keystore";
  out.version = COVFEFE_VERSION;
  out.pid = os::own_pid();
  out.uptime = os::monotonic_now() - facts.started;
  out.interfaces = {
      {capnp::Schema::from<schema::KeystoreForRouter>(), kRouterEdge, service.count(kRouterEdge),
       node.router_calls.calls},
      {capnp::Schema::from<schema::KeystoreOperator>(), kOperatorEdge, service.count(kOperatorEdge),
       node.operator_calls.calls},
  };
  out.counters = counters_of(node, service);
  out.queues = {
      {"pending_handshakes", node.vault ? node.vault->pending() : 0, keys::kMaxPending, 0},
      {"builds_remembered", node.onion ? node.onion->remembered() : 0, keys::kMaxReplays, 0}};
  out.jail.syscalls = facts.report.syscalls;
  out.jail.landlock = facts.report.landlock;
  out.jail.unknown = sandbox::name_of(facts.report.unknown);
  if (const auto state = facts.resources.jail.read()) out.jail.state = *state;
  out.state = state_of(node, service);
  return out;
}

// What an operator can do about a key file for which no credential was given.
std::string way_into(const keys::Place& place) {
  const keys::SealedResult<keys::SealedHead> head = keys::SealedFile::inspect(place);
  if (!head) return head.error().text;
  if (head->lock == keys::Lock::Passphrase) return "open the key file with `covfefe unlock`";
  return "its credential is missing: put " + std::string(kCredentials) + "/" +
         std::string(kCredentialName) +
         " back and restart the keystore, or give its text to `covfefe unlock`";
}

// Does the credential that was given open the file? None given is no failure: an operator will.
bool open_at_start(Node& node, Resources& held) {
  if (!held.credential) {
    node.way_in = way_into(held.place);
    node.log.record(Level::Notice, "locked", {{"next", node.way_in}});
    return true;
  }
  const keys::SealedResult<void> opened = open_vault(node, *held.credential);
  wipe(*held.credential);
  if (!opened) node.log.record(Level::Error, "key-file-refused", {{"why", opened.error().text}});
  return opened.ok();
}

// Keys are due whether somebody asks or not.
bool start_onion_keys(Node& node, rpc::Service& service) {
  node.onion = keys::OnionKeys::make(node.random, node.clocks.now());
  if (!node.onion) {
    node.log.record(Level::Error, "no-memory-for-onion-keys",
                    {{"next", "raise the limit of locked memory"}});
    return false;
  }
  service.every(kRotation, [&node] { node.onion->rotate(node.clocks.now()); });
  return true;
}

void attach_edges(Resources& held, rpc::EdgeHandler& router, rpc::EdgeHandler& operators) {
  rpc::Limits friend_lists;
  friend_lists.traversal_words = rpc::kFriendListWords;
  held.service->connect({kRouterEdge, friend_lists}, held.router_socket, router);
  held.service->listen({kOperatorEdge, {}}, held.operator_listener.release(), operators);
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
  os::StderrLog log("covfefe-keystore");
  crypto::SystemEntropy random;
  const Facts facts{held, jailed.report(), os::monotonic_now()};
  Node node{held.name, held.place, random, log, {os::monotonic_now, os::wall_now},
            {},        {},         {},     {},  {},
            {},        {},         {},     {}};
  node.inspect = [&node, &facts] { return describe(node, facts); };
  int status = 0;
  node.disk_failed = [&held, &status] {
    status = 1;
    held.service->stop();
  };
  if (!start_onion_keys(node, *held.service) || !open_at_start(node, held)) {
    return rpc::end_unready(*held.service);
  }
  rpc::Exports router([&node] { return router_edge(node); });
  rpc::Exports operators([&node] { return operator_edge(node); });
  attach_edges(held, router, operators);
  held.service->on_readable(held.signals.number(), [&held] {
    if (os::read_signal(held.signals)) held.service->stop();
  });
  rpc::tend_watchdog(*held.service, held.notifier, [&held] {
    // The key file can still be reached: its directory is open and answers.
    if (os::is_directory(held.place.directory)) held.notifier.alive();
  });
  leave_with_volume(held, log, status);
  log.record(sandbox::level_of(jailed.report()), "jailed",
             {{"jail", sandbox::summary(jailed.report())}});
  held.notifier.ready();
  const auto ran = held.service->run();
  if (!ran) log.record(Level::Error, "loop-failed", {{"why", ran.error().text()}});
  // Connections hold capabilities that point at the node: they go first.
  held.service.reset();
  return ran.ok() ? status : 1;
}

}  // namespace covfefe::keystore
