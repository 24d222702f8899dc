// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include <schema/shaper.capnp.h>

#include <thread>

#include "data_plane.h"
#include "os/clock.h"
#include "os/log_sink.h"
#include "os/ring_layout.h"
#include "router_link.h"
#include "rpc/inspect.h"

namespace covfefe::shaper {
namespace {

struct Node {
  const Resources& resources;
  const sandbox::JailReport& report;
  const Live& live;
  Instant started;
  rpc::CallCount router_calls;
  rpc::CallCount operator_calls;
};

std::uint64_t read(const LiveNumber& number) {
  return number.load(std::memory_order_relaxed);
}

void write_status(const Node& node, schema::ShaperStatus::Builder to) {
  const Live& live = node.live;
  to.setRateBps(node.resources.uplink.bytes_per_second * 8);
  to.setSentDatagrams(read(live.sent_datagrams));
  to.setSentBytes(read(live.sent_bytes));
  to.setQueuedDatagrams(static_cast<std::uint32_t>(read(live.queued_datagrams)));
  to.setQueuedBytes(read(live.queued_bytes));
  to.setFlows(static_cast<std::uint32_t>(read(live.busy_flows)));
  to.setSendErrors(read(live.send_errors));
  to.setDropped(read(live.dropped));
  to.setAttached(read(live.attached) != 0);
}

rpc::InspectedService describe(const Node& node) {
  const Live& live = node.live;
  const rpc::Service& service = *node.resources.service;
  rpc::InspectedService out;
  out.service = "shaper";
  out.version = COVFEFE_VERSION;
  out.pid = os::own_pid();
  out.uptime = os::monotonic_now() - node.started;
  out.interfaces = {{capnp::Schema::from<schema::ShaperForRouter>(), "router.shaper",
                     service.count("router.shaper"), node.router_calls.calls},
                    {capnp::Schema::from<schema::ShaperOperator>(), "shaper.operator",
                     service.count("shaper.operator"), node.operator_calls.calls}};
  out.counters = {{"sent_datagrams", read(live.sent_datagrams)},
                  {"sent_bytes", read(live.sent_bytes)},
                  {"send_errors", read(live.send_errors)},
                  {"send_calls", read(live.send_calls)},
                  {"send_blocked", read(live.blocked)},
                  {"trains", read(live.trains)},
                  {"dropped", read(live.dropped)},
                  {"cancelled", read(live.cancelled)},
                  {"descriptors", read(live.received)},
                  {"wakes", read(live.own_wakes)},
                  {"router_wakes", read(live.router_wakes)},
                  {"attached", read(live.attached)},
                  {"attachments", read(live.attachments)},
                  {"ring_violations", read(live.violations)},
                  {"failed_tasks", service.failed_tasks()}};
  out.queues = {{"datagrams", read(live.queued_datagrams), os::kFrames, read(live.dropped)},
                {"wire_bytes", read(live.queued_bytes), shape::Limits().total_bytes, 0},
                {"flows", read(live.busy_flows), os::kFlows, 0}};
  out.jail.syscalls = node.report.syscalls;
  out.jail.landlock = node.report.landlock;
  out.jail.unknown = sandbox::name_of(node.report.unknown);
  if (const auto state = node.resources.jail.read()) out.jail.state = *state;
  if (read(live.attached) == 0) out.state = "waits for the router's packet rings";
  return out;
}

class RouterEdge final : public rpc::Served<schema::ShaperForRouter> {
 public:
  explicit RouterEdge(Node& node) : Served(node.router_calls), node_(node) {}

 protected:
  kj::Promise<void> status(StatusContext context) override {
    write_status(node_, context.getResults().initStatus());
    return kj::READY_NOW;
  }

 private:
  Node& node_;
};

class OperatorEdge final : public rpc::Served<schema::ShaperOperator> {
 public:
  explicit OperatorEdge(Node& node) : Served(node.operator_calls), node_(node) {}

 protected:
  kj::Promise<void> status(StatusContext context) override {
    write_status(node_, context.getResults().initStatus());
    return kj::READY_NOW;
  }
  kj::Promise<void> inspect(InspectContext context) override {
    rpc::write_inspection(describe(node_), context.getResults().initInspection());
    return kj::READY_NOW;
  }

 private:
  Node& node_;
};

class DataThread {
 public:
  DataThread(Resources& held, Live& live, Log& log)
      : held_(held),
        plane_({held.loop, held.sender, live, held.uplink},
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
  Node node{held, jailed.report(), live, os::monotonic_now(), {}, {}};
  rpc::Exports router([&node] { return kj::heap<RouterEdge>(node); });
  rpc::Exports operators([&node] { return kj::heap<OperatorEdge>(node); });
  held.service->connect({"router.shaper"}, held.router_socket, router);
  held.service->listen({"shaper.operator"}, held.operator_listener.release(), operators);
  log.record(Level::Info, "jailed", {{"jail", sandbox::summary(jailed.report())}});
  held.notifier.ready();
  const auto ran = held.service->run();
  if (!ran) log.record(Level::Error, "loop-failed", {{"why", ran.error().text()}});
  data.stop();
  // Connections hold capabilities that point at the node: they go first.
  held.service.reset();
  return ran.ok() ? 0 : 1;
}

}  // namespace covfefe::shaper
