// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include <thread>

#include "data_plane.h"
#include "os/clock.h"
#include "os/log_sink.h"
#include "os/ring_layout.h"
#include "router_link.h"
#include "rpc/watchdog.h"
#include "service_desk.h"

namespace covfefe::shaper {
namespace {

struct Facts {
  const Resources& resources;
  const sandbox::JailReport& report;
  Instant started;
};

std::uint64_t read(const LiveNumber& number) {
  return number.load(std::memory_order_relaxed);
}

rpc::InspectedService describe(Desk& desk, const Facts& facts) {
  const Live& live = desk.live();
  const rpc::Service& service = *facts.resources.service;
  rpc::InspectedService out;
  out.service = "shaper";
  out.version = COVFEFE_VERSION;
  out.pid = os::own_pid();
  out.uptime = os::monotonic_now() - facts.started;
  out.interfaces = {{capnp::Schema::from<schema::ShaperForRouter>(), "router.shaper",
                     service.count("router.shaper"), desk.router_calls.calls},
                    {capnp::Schema::from<schema::ShaperOperator>(), "shaper.operator",
                     service.count("shaper.operator"), desk.operator_calls.calls}};
  out.counters = {{"sent_datagrams", read(live.sent_datagrams)},
                  {"sent_bytes", read(live.sent_bytes)},
                  {"send_errors", read(live.send_errors)},
                  {"send_calls", read(live.send_calls)},
                  {"send_blocked", read(live.blocked)},
                  {"trains", read(live.trains)},
                  {"dropped", read(live.dropped)},
                  {"cancelled", read(live.cancelled)},
                  {"reports", read(live.reports)},
                  {"leases_granted", desk.books().granted()},
                  {"leases_refused", desk.books().refused()},
                  {"leases_revoked", desk.books().revoked()},
                  {"descriptors", read(live.received)},
                  {"wakes", read(live.own_wakes)},
                  {"router_wakes", read(live.router_wakes)},
                  {"attached", read(live.attached)},
                  {"attachments", read(live.attachments)},
                  {"ring_violations", read(live.violations)},
                  {"failed_tasks", service.failed_tasks()}};
  out.queues = {{"datagrams", read(live.queued_datagrams), os::kFrames, read(live.dropped)},
                {"wire_bytes", read(live.queued_bytes), shape::Limits().total_bytes, 0},
                {"flows", read(live.busy_flows), os::kFlows, 0},
                {"leases", desk.books().ledger().size(), shape::kLeasesMost, 0}};
  out.jail.syscalls = facts.report.syscalls;
  out.jail.landlock = facts.report.landlock;
  out.jail.unknown = sandbox::name_of(facts.report.unknown);
  if (const auto state = facts.resources.jail.read()) out.jail.state = *state;
  if (read(live.attached) == 0) out.state = "waits for the router's packet rings";
  return out;
}

class DataThread {
 public:
  DataThread(Resources& held, Live& live, Log& log)
      : held_(held),
        plane_({held.loop, held.sender, live, *held.to_data, *held.to_control},
               {uplink_of(held.config), held.seed, os::monotonic_now()},
               [this](std::string_view why) { link_.lost(why); }),
        link_({held.loop, plane_, log}, held.frames_socket) {}

  SysResult<void> start() {
    if (auto started = plane_.start(); !started) return started;
    if (auto started = link_.start(); !started) return started;
    auto stop = held_.loop.on_readable(held_.stop.fd(), [this] {
      held_.stop.drain();
      held_.loop.stop();
    });
    if (!stop) return stop.error();
    stop_ = std::move(*stop);
    thread_ = std::thread([this] { held_.loop.run(); });
    return {};
  }

  void stop() {
    held_.stop.signal();
    thread_.join();
  }

 private:
  Resources& held_;
  DataPlane plane_;
  RouterLink link_;
  loop::Watch stop_;
  std::thread thread_;
};

}  // namespace

int serve(sandbox::Confined<Resources> jailed) {
  Resources& held = jailed.resources();
  os::StderrLog log("covfefe-shaper");
  Live live;
  DataThread data(held, live, log);
  if (auto started = data.start(); !started) {
    log.record(Level::Error, "data-thread-failed", {{"why", started.error().text()}});
    return 1;
  }
  Books books(held.config, held.first_lease, *held.to_data);
  Desk desk({*held.service, books, *held.to_data, *held.to_control, live, log});
  const Facts facts{held, jailed.report(), os::monotonic_now()};
  desk.inspect = [&desk, &facts] { return describe(desk, facts); };
  rpc::Exports router([&desk] { return router_edge(desk); });
  rpc::Exports operators([&desk] { return operator_edge(desk); });
  desk.start();
  held.service->connect({"router.shaper"}, held.router_socket, router);
  held.service->listen({"shaper.operator"}, held.operator_listener.release(), operators);
  rpc::tend_watchdog(*held.service, held.notifier, [&held, &desk] {
    // Figures come from the data thread: both threads are alive.
    held.service->run_beside(desk.measure().then([&held] { held.notifier.alive(); }));
  });
  log.record(sandbox::level_of(jailed.report()), "jailed",
             {{"jail", sandbox::summary(jailed.report())}});
  held.notifier.ready();
  const auto ran = held.service->run();
  if (!ran) log.record(Level::Error, "loop-failed", {{"why", ran.error().text()}});
  data.stop();
  // Connections hold capabilities that point at the desk: they go first.
  held.service.reset();
  return ran.ok() ? 0 : 1;
}

}  // namespace covfefe::shaper
