// SPDX-License-Identifier: Apache-2.0
// The verb: looks at everything, then says what was found, the worst first.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <future>

#include "commands.h"
#include "doctor_gather.h"
#include "ending.h"
#include "json.h"
#include "layout.h"
#include "node_files.h"
#include "os/process.h"
#include "printable.h"
#include "sandbox/landlock.h"
#include "services.h"
#include "shell_word.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

using doctor::Census;
using doctor::Finding;
using doctor::Level;
using doctor::Report;

constexpr Duration kPatience = Duration::millis(900);

struct Audit {
  Report report;
  Census census;
  std::string state;  // of the node: "up", "partly up" or "down"
};

std::string state_of(const Census& census) {
  const auto& all = census.services;
  const auto runs = [](const doctor::Running& one) { return one.pid != 0; };
  if (std::all_of(all.begin(), all.end(), runs)) return "up";
  return std::any_of(all.begin(), all.end(), runs) ? "partly up" : "down";
}

void judge_presence(const Layout& layout, Audit& audit) {
  const std::string start =
      "systemctl start covfefe.target, or covfefe up --root " + shell_word(layout.root());
  if (audit.state == "down") {
    audit.report.add({Level::Failing, "node",
                      "no service runs; only files and machine were checked",
                      "what runs has walls that can only be seen then", start});
    return;
  }
  for (const doctor::Running& one : audit.census.services) {
    if (one.pid != 0) {
      audit.report.fine();
      continue;
    }
    const bool router = one.service == "router";
    const auto ending = last_ending(layout, one.service);
    audit.report.add(
        {router ? Level::Failing : Level::Warning, one.service,
         ending ? "does not run; before, it " + ending->what : "does not run",
         router ? "nothing reaches friends" : "the others go on without it, for a while",
         ending ? ending->next : "systemctl status covfefe-" + one.service + ".service; " + start});
  }
}

struct Answer {
  std::string service;
  std::int32_t pid;  // as the kernel says
  Outcome<InspectionView> said;
};

Answer ask(const Layout& layout, const doctor::Running& one) {
  return {one.service, one.pid, inspect(layout, one.service, kPatience)};
}

void judge_answer(const Answer& answer, int kernel_landlock, Report& report) {
  if (!answer.said) {
    report.add(
        {Level::Warning, answer.service, answer.said.error().what,
         "it is stopped, busy or not open to this user",
         "kill -CONT " + std::to_string(answer.pid) + "; covfefe inspect " + answer.service});
    return;
  }
  // In a PID namespace of its own the service would count from 1.
  report.fine();
  if (answer.said->state.starts_with("locked")) {
    report.add({Level::Warning, answer.service, answer.said->state,
                "new handshakes, new friends and changes of friends wait for it",
                "covfefe unlock"});
  }
  if (answer.said->jail.landlock >= kernel_landlock) return report.fine();
  report.add({Level::Warning, answer.service,
              "says that Landlock ABI " + std::to_string(answer.said->jail.landlock) +
                  " is in force; the kernel has " + std::to_string(kernel_landlock),
              "files that its policy does not list are kept from it by their modes only",
              "restart it; it takes what the kernel has"});
}

void look_at_answers(const Layout& layout, Audit& audit) {
  const int landlock = sandbox::landlock_abi();
  if (landlock == 0) {
    audit.report.add({Level::Warning, "kernel", "this kernel has no Landlock",
                      "files are kept from services by users and modes only",
                      "boot with lsm=landlock,… or a kernel that has it (5.13 and later)"});
  }
  std::vector<std::future<Answer>> asked;
  for (const doctor::Running& one : audit.census.services) {
    if (one.pid == 0) continue;
    asked.push_back(std::async(std::launch::async, ask, std::cref(layout), std::cref(one)));
  }
  for (auto& one : asked) judge_answer(one.get(), landlock, audit.report);
}

Audit examine(const Layout& layout) {
  const doctor::Places places;
  Audit audit;
  auto config = load_config(layout);
  if (!config) {
    audit.report.add({Level::Failing, "files", config.error().what,
                      "without a valid configuration no service starts", config.error().next});
  }
  const config::Config used = config ? std::move(*config) : config::Config{};
  audit.census = doctor::take_census(layout, places, audit.report);
  audit.state = state_of(audit.census);
  judge_presence(layout, audit);
  doctor::look_at_processes(layout, places, audit.census, audit.report);
  look_at_answers(layout, audit);
  doctor::look_at_files(layout, audit.census, audit.report);
  doctor::look_at_storage(layout, places, used, audit.report);
  doctor::look_at_host(places, audit.report);
  if (audit.census.pid_of("tun-helper") != 0) {
    doctor::look_at_network(places, {used, audit.census}, audit.report);
  }
  doctor::look_at_units(layout, audit.report);
  return audit;
}

std::vector<Finding> worst_first(const Report& report) {
  std::vector<Finding> out = report.findings();
  std::stable_sort(out.begin(), out.end(),
                   [](const Finding& a, const Finding& b) { return a.level > b.level; });
  return out;
}

Json to_json(const Audit& audit) {
  Json services = Json::array();
  for (const doctor::Running& one : audit.census.services) {
    services.add(
        Json::object().set("name", one.service).set("pid", one.pid == 0 ? Json() : Json(one.pid)));
  }
  Json findings = Json::array();
  for (const Finding& one : worst_first(audit.report)) {
    findings.add(Json::object()
                     .set("level", doctor::name_of(one.level))
                     .set("area", one.area)
                     .set("what", one.what)
                     .set("why", one.why)
                     .set("fix", one.fix));
  }
  return Json::document("doctor")
      .set("node", audit.state)
      .set("worst", doctor::name_of(audit.report.worst()))
      .set("held", audit.report.held())
      .set("services", std::move(services))
      .set("findings", std::move(findings));
}

void print(const Audit& audit, const Layout& layout) {
  for (const Finding& one : worst_first(audit.report)) {
    const std::string what = printable(one.area + ": " + one.what);
    std::printf("%-8s  %s\n", doctor::name_of(one.level), wrapped(what, 10).c_str());
    std::printf("    why:  %s\n", wrapped(printable(one.why), 10).c_str());
    // On one line: to be copied.
    if (!one.fix.empty()) std::printf("    fix:  %s\n", printable(one.fix).c_str());
  }
  if (!audit.report.findings().empty()) std::printf("\n");
  std::printf("the node in %s is %s; %u checks hold, %zu do not or are told above\n",
              layout.root().c_str(), audit.state.c_str(), audit.report.held(),
              audit.report.findings().size());
}

}  // namespace

int doctor_verb(const Common& common) {
  const Layout layout(common.root);
  const Audit audit = examine(layout);
  if (common.json) {
    std::fputs(to_json(audit).text().c_str(), stdout);
  } else {
    print(audit, layout);
  }
  switch (audit.report.worst()) {
    case Level::Failing:
      return kDown;
    case Level::Warning:
      return kRefused;
    default:
      return kDone;
  }
}

}  // namespace covfefe::cli
