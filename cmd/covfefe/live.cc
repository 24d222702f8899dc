// SPDX-License-Identifier: Apache-2.0
// The verbs that ask a running router or any running service: why, inspect; and unlock.
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "commands.h"
#include "jail_text.h"
#include "json.h"
#include "layout.h"
#include "os/files.h"
#include "os/terminal.h"
#include "services.h"
#include "storage.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

Json queue_json(const QueueView& queue) {
  return Json::object()
      .set("name", queue.name)
      .set("depth", queue.depth)
      .set("capacity", queue.capacity)
      .set("dropped", queue.dropped);
}

Json interface_json(const InterfaceView& one) {
  Json methods = Json::array();
  for (const std::string& method : one.methods) methods.add(method);
  return Json::object()
      .set("name", one.name)
      .set("edge", one.edge)
      .set("methods", std::move(methods))
      .set("connections", one.connections)
      .set("calls", one.calls);
}

Json jail_json(const JailView& jail, std::string_view service) {
  return Json::object()
      .set("verdict", jail_in_words(jail, service))
      .set("uid", jail.uid)
      .set("gid", jail.gid)
      .set("capabilities", jail.capabilities)
      .set("no_new_privs", jail.no_new_privs)
      .set("dumpable", jail.dumpable)
      .set("seccomp", jail.seccomp)
      .set("syscalls", jail.syscalls)
      .set("landlock", std::int64_t{jail.landlock})
      .set("unknown", jail.unknown);
}

Json inspection_json(const InspectionView& view) {
  Json interfaces = Json::array();
  for (const InterfaceView& one : view.interfaces) interfaces.add(interface_json(one));
  Json counters = Json::object();
  for (const CounterView& one : view.counters) counters.set(one.name, one.value);
  Json queues = Json::array();
  for (const QueueView& one : view.queues) queues.add(queue_json(one));
  return Json::document("inspect")
      .set("service", view.service)
      .set("version", view.version)
      .set("pid", view.pid)
      .set("uptime_ms", view.uptime_ms)
      .set("state", view.state)
      .set("interfaces", std::move(interfaces))
      .set("counters", std::move(counters))
      .set("queues", std::move(queues))
      .set("jail", jail_json(view.jail, view.service));
}

void print(const InspectionView& view) {
  std::printf("%s %s  pid %d  up %llu s  %s\n", view.service.c_str(), view.version.c_str(),
              view.pid, static_cast<unsigned long long>(view.uptime_ms / 1000), view.state.c_str());
  std::printf("jail        %s\n", jail_in_words(view.jail, view.service).c_str());
  for (const InterfaceView& one : view.interfaces) {
    std::printf("interface   %s on %s: %u connected, %llu calls\n", one.name.c_str(),
                one.edge.c_str(), one.connections, static_cast<unsigned long long>(one.calls));
    std::string methods;
    for (const std::string& method : one.methods) methods += " " + method;
    std::printf("             %s\n", methods.c_str());
  }
  for (const QueueView& one : view.queues) {
    std::printf("queue       %-24s %llu of %llu, %llu dropped\n", one.name.c_str(),
                static_cast<unsigned long long>(one.depth),
                static_cast<unsigned long long>(one.capacity),
                static_cast<unsigned long long>(one.dropped));
  }
  for (const CounterView& one : view.counters) {
    std::printf("counter     %-32s %llu\n", one.name.c_str(),
                static_cast<unsigned long long>(one.value));
  }
}

Outcome<std::string> read_passphrase(const std::string& file) {
  if (file.empty()) {
    auto typed = os::ask_secret("passphrase: ");
    if (!typed) return Problem{typed.error().text(), "use --passphrase-file"};
    return std::move(*typed);
  }
  auto text = os::read_text(file, 4096);
  if (!text) return Problem{text.error().text(), ""};
  return text->substr(0, text->find('\n'));
}

}  // namespace

int why(const Common& common, const std::string& peer) {
  const Layout layout(common.root);
  auto router = Connection::open(layout, "router");
  if (!router) return report(router.error(), common);
  auto findings = why(*router, peer);
  if (!findings) return report(findings.error(), common);
  for (const std::string_view service : services()) {
    const auto storage = storage_trouble(layout, service);
    if (storage) findings->push_back({false, storage->what, storage->next});
  }
  const bool all_ok = std::all_of(findings->begin(), findings->end(),
                                  [](const FindingView& finding) { return finding.ok; });
  if (common.json) {
    Json list = Json::array();
    for (const FindingView& one : *findings) {
      list.add(Json::object().set("ok", one.ok).set("what", one.what).set("next", one.next));
    }
    const Json json =
        Json::document("why").set("peer", peer).set("ok", all_ok).set("findings", std::move(list));
    std::fputs(json.text().c_str(), stdout);
    return all_ok ? kDone : kRefused;
  }
  for (const FindingView& one : *findings) {
    std::printf("%s  %s\n", one.ok ? "ok " : "NOT", wrapped(one.what, 5).c_str());
    if (!one.next.empty()) std::printf("     next: %s\n", wrapped(one.next, 11).c_str());
  }
  return all_ok ? kDone : kRefused;
}

int inspect(const Common& common, const std::string& service) {
  const auto known = services();
  if (std::find(known.begin(), known.end(), service) == known.end()) {
    return report({"no service is called " + service,
                   "one of keystore, peerdb, shaper, router, tun-helper", kUsage},
                  common);
  }
  const auto view = inspect(Layout(common.root), service);
  if (!view) return report(view.error(), common);
  if (common.json) {
    std::fputs(inspection_json(*view).text().c_str(), stdout);
  } else {
    print(*view);
  }
  return kDone;
}

int unlock(const Common& common, const std::string& passphrase_file) {
  auto passphrase = read_passphrase(passphrase_file);
  if (!passphrase) return report(passphrase.error(), common);
  auto keystore = Connection::open(Layout(common.root), "keystore");
  if (!keystore) return report(keystore.error(), common);
  const auto done = unlock(*keystore, bytes_of(*passphrase));
  os::forget(*passphrase);
  if (!done) return report(done.error(), common);
  if (common.json) {
    std::fputs(Json::document("unlock").set("ok", true).text().c_str(), stdout);
  } else {
    std::printf("the keystore is open\n");
  }
  return kDone;
}

}  // namespace covfefe::cli
