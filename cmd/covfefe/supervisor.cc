// SPDX-License-Identifier: Apache-2.0
#include "supervisor.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "ending.h"
#include "os/clock.h"
#include "os/notify_socket.h"
#include "os/signals.h"
#include "programs.h"

namespace covfefe::cli {
namespace {

std::string notify_path(const Layout& layout, const std::string& service) {
  return layout.run() + "/notify-" + service + ".sock";
}

std::string how_it(const os::Ended& ended) {
  const std::string more = ended.signal == SIGSYS ? ", journalctl -k -g type=1326 names it" : "";
  if (ended.signal != 0) return signal_in_words(ended.signal) + more;
  return "ended (status " + std::to_string(ended.status) + ")";
}

}  // namespace

Supervisor::Supervisor(const Layout& layout, SocketSet sockets,
                       std::vector<std::string> service_arguments, Duration watchdog)
    : layout_(layout),
      sockets_(std::move(sockets)),
      arguments_(std::move(service_arguments)),
      watchdog_(watchdog) {}

Outcome<int> Supervisor::run(const std::string& greeting) {
  const auto signals = os::watch_signals({SIGINT, SIGTERM, SIGCHLD});
  if (!signals) return Problem{signals.error().text(), ""};
  if (auto found = find_binaries(); !found) return found.error();
  if (auto opened = open_notify_sockets(); !opened) return opened.error();
  std::vector<int> watched = {signals->number()};
  for (const Service& service : services_) watched.push_back(service.notify.number());
  Outcome<int> result = kDone;
  for (bool running = true; running;) {
    const Instant now = os::monotonic_now();
    collect_ended(now);
    end_silent(now);
    if (refusals_ >= kPatience) {
      result = Problem{"a service refuses to start", "see its line above"};
      break;
    }
    if (auto started = start_due(now); !started) {
      result = started.error();
      break;
    }
    const auto ready = os::wait_readable(watched, std::max(next_wake() - now, Duration{}));
    if (!ready) return Problem{ready.error().text(), ""};
    for (std::size_t i = 0; i < services_.size(); ++i) {
      if ((*ready)[i + 1]) hear(services_[i]);
    }
    while (const auto signal = os::read_signal(*signals)) {
      if (*signal != SIGCHLD) running = false;
    }
    announce_when_ready(greeting);
  }
  stop_all();
  remove_device();
  sockets_.unlink(layout_);
  return result;
}

Outcome<void> Supervisor::find_binaries() {
  for (const std::string_view name : cli::services()) {
    Service service;
    service.name = name;
    auto path = binary_of(service.name);
    if (!path) return path.error();
    service.path = *path;
    services_.push_back(std::move(service));
  }
  return {};
}

Outcome<void> Supervisor::open_notify_sockets() {
  for (Service& service : services_) {
    auto fd = os::bind_datagram(notify_path(layout_, service.name));
    if (!fd) return Problem{fd.error().text(), ""};
    service.notify = std::move(*fd);
  }
  return {};
}

Outcome<void> Supervisor::start(Service& service) {
  os::Program program;
  program.path = service.path;
  program.arguments = arguments_;
  program.environment = {{"NOTIFY_SOCKET", notify_path(layout_, service.name)},
                         {"WATCHDOG_USEC", std::to_string(watchdog_.nanoseconds / 1'000)},
                         {"TZ", ":UTC"}};
  if (service.name == "keystore") {
    program.environment.emplace_back("CREDENTIALS_DIRECTORY", layout_.credentials());
  }
  program.sockets = sockets_.of(service.name);
  const auto pid = os::spawn(program);
  if (!pid) return Problem{pid.error().text(), ""};
  service.pid = *pid;
  service.ready = false;
  service.started = os::monotonic_now();
  service.heard = service.started;
  return {};
}

Outcome<void> Supervisor::start_due(Instant now) {
  for (Service& service : services_) {
    if (service.pid != 0 || service.start_at > now) continue;
    if (auto started = start(service); !started) return started;
  }
  return {};
}

void Supervisor::collect_ended(Instant now) {
  while (const auto ended = os::reap()) {
    const auto it = std::find_if(services_.begin(), services_.end(),
                                 [&](const Service& s) { return s.pid == ended->pid; });
    if (it == services_.end()) continue;
    hear(*it);
    // What kill(1) ended did not refuse; what its jail or a fault ended did.
    const bool ended_by_hand = ended->signal == SIGKILL || ended->signal == SIGTERM;
    const bool was_well = (ended_by_hand && it->ready) || now - it->started >= kCalmAfter;
    if (was_well) it->pause = kFirstPause;
    if (!announced_ && !it->ready && !ended_by_hand) ++refusals_;
    std::fprintf(stderr, "covfefe: %s %s, starting it again in %lld ms\n", it->name.c_str(),
                 how_it(*ended).c_str(), static_cast<long long>(it->pause.nanoseconds / 1'000'000));
    it->pid = 0;
    it->start_at = now + it->pause;
    it->pause = std::min(it->pause * 2, kLongestPause);
  }
}

void Supervisor::hear(Service& service) {
  while (const auto message = os::receive_datagram(service.notify)) {
    if (message->find("READY=1") != std::string::npos) service.ready = true;
    service.heard = os::monotonic_now();
  }
}

Instant Supervisor::patience_ends(const Service& service) const {
  return service.heard + (service.ready ? watchdog_ : std::max(watchdog_, kGraceToStart));
}

void Supervisor::end_silent(Instant now) {
  for (Service& service : services_) {
    if (service.pid == 0) continue;
    hear(service);  // this process itself may have stood still
    if (now < patience_ends(service)) continue;
    std::fprintf(stderr, "covfefe: %s is silent, ending it\n", service.name.c_str());
    (void)os::send_signal(service.pid, SIGKILL);
    service.heard = now;  // its end is reported soon
  }
}

void Supervisor::announce_when_ready(const std::string& greeting) {
  const bool all = std::all_of(services_.begin(), services_.end(),
                               [](const Service& s) { return s.pid != 0 && s.ready; });
  if (!all || announced_) return;
  announced_ = true;
  std::printf("%s\n", greeting.c_str());
  std::fflush(stdout);
}

Instant Supervisor::next_wake() const {
  Instant next = Instant::never();
  for (const Service& service : services_) {
    next = std::min(next, service.pid == 0 ? service.start_at : patience_ends(service));
  }
  return next;
}

void Supervisor::stop_all() {
  for (const Service& service : services_) {
    if (service.pid != 0) (void)os::send_signal(service.pid, SIGTERM);
  }
  const Instant end = os::monotonic_now() + kGraceToStop;
  const auto still_running = [this] {
    return std::any_of(services_.begin(), services_.end(),
                       [](const Service& s) { return s.pid != 0; });
  };
  while (still_running()) {
    while (const auto ended = os::reap()) {
      for (Service& service : services_) {
        if (service.pid == ended->pid) service.pid = 0;
      }
    }
    if (os::monotonic_now() > end) {
      for (const Service& service : services_) {
        if (service.pid != 0) (void)os::send_signal(service.pid, SIGKILL);
      }
    }
    (void)os::wait_readable({}, Duration::millis(10));
  }
  for (const Service& service : services_) {
    std::error_code ignored;
    std::filesystem::remove(notify_path(layout_, service.name), ignored);
  }
}

void Supervisor::remove_device() {
  // The device is persistent so that it outlives its helper; the end of the node is its end too.
  for (const Service& service : services_) {
    if (service.name != "tun-helper") continue;
    os::Program program;
    program.path = service.path;
    program.arguments = arguments_;
    program.arguments.emplace_back("--remove");
    (void)os::run(program);
  }
}

}  // namespace covfefe::cli
