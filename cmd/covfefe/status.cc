// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <functional>
#include <future>

#include "circuit_text.h"
#include "commands.h"
#include "ending.h"
#include "jail_text.h"
#include "json.h"
#include "layout.h"
#include "node_files.h"
#include "os/clock.h"
#include "promise_text.h"
#include "quantity.h"
#include "services.h"
#include "storage.h"
#include "trust/level.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

// All services are asked at the same time: one that hangs does not hide the others.
constexpr Duration kPatience = Duration::millis(900);

struct ServiceState {
  std::string name;
  std::string state;  // "ok", "degraded" or "down"
  std::string note;
  std::string next;  // what to do about it, if it is known
  std::int32_t pid = 0;
  std::string jail;
};

struct Overview {
  std::string name;
  std::string address;
  std::string state;
  std::vector<ServiceState> services;
  std::vector<FriendView> friends;
  std::optional<CircuitCountsView> circuits;  // none: the router did not say
  std::vector<PromiseView> announced;         // by this node
  std::string why_no_friends;
};

ServiceState look_at(const Layout& layout, std::string_view service) {
  ServiceState out;
  out.name = service;
  const auto seen = inspect(layout, service, kPatience);
  if (!seen) {
    const auto storage = storage_trouble(layout, service);
    out.state = "down";
    out.note = storage ? storage->what : seen.error().what;
    out.next = storage ? storage->next : "";
    return out;
  }
  out.state = seen->state == "ok" ? "ok" : "degraded";
  out.note = seen->state == "ok" ? "" : seen->state;
  out.pid = seen->pid;
  out.jail = jail_in_words(seen->jail, service);
  return out;
}

void tell_ending(const Layout& layout, ServiceState& service) {
  if (service.state != "down" || !service.next.empty()) return;
  const auto ending = last_ending(layout, service.name);
  if (!ending) return;
  service.note += "; before, it " + ending->what;
  service.next = ending->next;
}

Outcome<RouterView> ask_router(const Layout& layout) {
  const Instant end = os::monotonic_now() + kPatience;
  auto router = Connection::open(layout, "router", kPatience);
  if (!router) return router.error();
  return router_status(*router, end - os::monotonic_now());
}

std::string overall(const Overview& overview) {
  const auto is = [](const char* state) {
    return [state](const ServiceState& s) { return s.state == state; };
  };
  const auto& all = overview.services;
  const auto router = std::find_if(all.begin(), all.end(),
                                   [](const ServiceState& s) { return s.name == "router"; });
  if (std::all_of(all.begin(), all.end(), is("down"))) return "down";
  if (router == all.end() || router->state == "down") return "down";
  return std::all_of(all.begin(), all.end(), is("ok")) ? "ok" : "degraded";
}

Outcome<Overview> gather(const Layout& layout) {
  Overview out;
  const auto config = load_config(layout);
  if (!config) return config.error();
  const auto identity = load_identity(layout);
  if (!identity) return identity.error();
  out.name = config->name;
  out.address = format_address(identity->address);
  std::vector<std::future<ServiceState>> asked;
  for (const std::string_view service : services())
    asked.push_back(std::async(std::launch::async, look_at, std::cref(layout), service));
  auto router = std::async(std::launch::async, ask_router, std::cref(layout));
  for (auto& one : asked) out.services.push_back(one.get());
  if (auto view = router.get()) {
    out.friends = std::move(view->friends);
    out.circuits = view->circuits;
    out.announced = std::move(view->announced);
  } else {
    out.why_no_friends = view.error().what;
  }
  for (ServiceState& one : out.services) tell_ending(layout, one);
  out.state = overall(out);
  return out;
}

Json promises_json(const std::vector<PromiseView>& promises) {
  Json out = Json::array();
  for (const PromiseView& one : promises) out.add(promise_json(one));
  return out;
}

// Whether a friend waits for the operator's word.
bool asks(const FriendView& one) {
  return std::any_of(one.promises.begin(), one.promises.end(), [](const PromiseView& promise) {
    return promise.kind == "please" && !promise.ours;
  });
}

Json to_json(const Overview& overview) {
  Json services = Json::array();
  for (const ServiceState& service : overview.services) {
    services.add(Json::object()
                     .set("name", service.name)
                     .set("state", service.state)
                     .set("pid", service.pid == 0 ? Json() : Json(service.pid))
                     .set("jail", service.jail)
                     .set("note", service.note)
                     .set("next", service.next));
  }
  Json friends = Json::array();
  for (const FriendView& one : overview.friends) {
    friends.add(Json::object()
                    .set("name", one.name)
                    .set("address", format_address(one.address))
                    .set("trust", trust::name_of(one.trust))
                    .set("state", one.state)
                    .set("path", one.path)
                    .set("rtt_ms", one.rtt_ms == 0 ? Json() : Json(one.rtt_ms))
                    .set("rx_bytes", one.rx_bytes)
                    .set("tx_bytes", one.tx_bytes)
                    .set("session_up", one.session_up)
                    .set("small_mode", one.small_mode)
                    .set("data_sockets", one.data_sockets)
                    .set("idle", one.idle)
                    .set("peer_idle", one.peer_idle)
                    .set("promises", promises_json(one.promises))
                    .set("promises_kept", one.kept)
                    .set("promises_broken", one.broken));
  }
  return Json::document("status")
      .set("name", overview.name)
      .set("address", overview.address)
      .set("state", overview.state)
      .set("services", std::move(services))
      .set("friends", std::move(friends))
      .set("announced", promises_json(overview.announced))
      .set("circuits", overview.circuits ? counts_json(*overview.circuits) : Json());
}

void print(const Overview& overview) {
  std::printf("%s  %s  %s\n\n", overview.name.c_str(), overview.address.c_str(),
              overview.state.c_str());
  for (const ServiceState& service : overview.services) {
    std::printf("  %-11s %-9s %-8s %s\n", service.name.c_str(), service.state.c_str(),
                service.pid == 0 ? "-" : std::to_string(service.pid).c_str(),
                service.note.empty() ? service.jail.c_str() : service.note.c_str());
    if (!service.next.empty()) std::printf("      next: %s\n", wrapped(service.next, 12).c_str());
  }
  std::printf("\n");
  if (!overview.why_no_friends.empty()) std::printf("  %s\n", overview.why_no_friends.c_str());
  for (const FriendView& one : overview.friends) {
    std::printf("  %-16s %-10s %-11s %10s  %10s in %10s out  %s\n", one.name.c_str(),
                trust::name_of(one.trust), one.state.c_str(), rtt_text(one.rtt_ms).c_str(),
                bytes_text(one.rx_bytes).c_str(), bytes_text(one.tx_bytes).c_str(),
                one.path.c_str());
    for (const PromiseView& promise : one.promises)
      std::printf("      %s\n", promise_text(promise).c_str());
    if (asks(one)) std::printf("      next: covfefe answer %s yes, or no\n", one.name.c_str());
  }
  if (overview.friends.empty() && overview.why_no_friends.empty()) {
    std::printf("  no friends yet: exchange cards, then covfefe friend add\n");
  }
  for (const PromiseView& one : overview.announced)
    std::printf("\n  announced   %s\n", promise_text(one).c_str());
  if (overview.circuits) {
    std::printf("\n  circuits    %s\n", counts_text(*overview.circuits).c_str());
  }
}

}  // namespace

int status(const Common& common) {
  const auto overview = gather(Layout(common.root));
  if (!overview) return report(overview.error(), common);
  if (common.json) {
    std::fputs(to_json(*overview).text().c_str(), stdout);
  } else {
    print(*overview);
  }
  if (overview->state == "ok") return kDone;
  return overview->state == "degraded" ? kRefused : kDown;
}

}  // namespace covfefe::cli
