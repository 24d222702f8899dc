// SPDX-License-Identifier: Apache-2.0
// The verb ping: echoes inside the end-to-end session, and on request the time of each hop.
#include <algorithm>
#include <cstdio>

#include "circuit_text.h"
#include "commands.h"
#include "layout.h"
#include "os/process.h"
#include "printable.h"
#include "quantity.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

constexpr Duration kTimeout = Duration::seconds(3);
constexpr Duration kPause = Duration::millis(500);

struct Run {
  std::uint32_t sent = 0;
  std::vector<double> rtts;
  std::vector<HopView> hops;
  std::string address;
  std::string path;
  std::string why;
  std::string next;
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Json json_of(const Run& run, const std::string& peer) {
  Json rtts = Json::array();
  for (const double rtt : run.rtts) rtts.add(rtt);
  return Json::document("ping")
      .set("peer", peer)
      .set("address", run.address.empty() ? Json() : Json(run.address))
      .set("sent", run.sent)
      .set("received", static_cast<std::uint64_t>(run.rtts.size()))
      .set("path", run.path)
      .set("rtt_ms", std::move(rtts))
      .set("rtt_median_ms", run.rtts.empty() ? Json() : Json(median(run.rtts)))
      .set("hops", hops_json(run.hops))
      .set("why", run.why)
      .set("next", run.next);
}

void take(Run& run, const PingView& reply) {
  if (!reply.ok) {
    run.why = reply.why;
    run.next = reply.next;
    return;
  }
  run.rtts.push_back(reply.rtt_ms);
  run.path = reply.path;
  if (!reply.hops.empty()) run.hops = reply.hops;
}

void print(const std::string& shown, const PingView& reply) {
  if (reply.ok) {
    std::printf("%s: %s, %s\n", shown.c_str(), rtt_text(reply.rtt_ms).c_str(), reply.path.c_str());
  } else {
    std::printf("%s\n", wrapped(shown + ": " + reply.why, 0).c_str());
  }
  std::fputs(hops_text(reply.hops).c_str(), stdout);
  std::fflush(stdout);
}

// A name is looked up once: asking a friend for it is no part of the round trip.
Outcome<Run> ping_all(Connection& router, const Common& common, const PingOptions& options) {
  Run run;
  const auto peer = resolve(router, options.peer);
  if (!peer) {
    if (peer.error().code == kDown) return peer.error();
    run.why = peer.error().what;
    run.next = peer.error().next;
    if (!common.json) {
      std::printf("%s\n", wrapped(printable(options.peer) + ": " + run.why, 0).c_str());
    }
    return run;
  }
  run.address = format_address(peer->address);
  for (; run.sent < options.count; ++run.sent) {
    if (run.sent != 0) (void)os::wait_readable({}, kPause);
    const auto reply = ping(router, {run.address, kTimeout, options.hops && run.hops.empty()});
    if (!reply) return reply.error();
    take(run, *reply);
    if (!common.json) print(printable(options.peer), *reply);
  }
  return run;
}

void print_end(const Run& run, const std::string& shown) {
  std::printf("%u sent, %zu answered, median %s\n", run.sent, run.rtts.size(),
              rtt_text(median(run.rtts)).c_str());
  if (!run.hops.empty()) {
    std::printf(
        "A hop's time is that of a circuit build which ends there, its keystore included.\n");
  }
  if (!run.rtts.empty()) return;
  const std::string next = run.next.empty() ? "covfefe why " + shown : run.next;
  std::printf("  next: %s\n", wrapped(next, 8).c_str());
}

}  // namespace

int ping(const Common& common, const PingOptions& options) {
  auto router = Connection::open(Layout(common.root), "router");
  if (!router) return report(router.error(), common);
  const auto run = ping_all(*router, common, options);
  if (!run) return report(run.error(), common);
  if (common.json) {
    std::fputs(json_of(*run, options.peer).text().c_str(), stdout);
  } else {
    print_end(*run, printable(options.peer));
  }
  return run->rtts.empty() ? kRefused : kDone;
}

}  // namespace covfefe::cli
