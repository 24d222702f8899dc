// SPDX-License-Identifier: Apache-2.0
// `covfefe up`: the five services in the foreground, restarted when they die, ended together. What
// systemd does for an installed node, in small: one process, one loop, no state on disk but a lock.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/instant.h"
#include "layout.h"
#include "os/fd.h"
#include "os/process.h"
#include "outcome.h"
#include "sockets.h"

namespace covfefe::cli {

inline constexpr Duration kFirstPause = Duration::millis(10);
inline constexpr Duration kLongestPause = Duration::seconds(1);
inline constexpr Duration kCalmAfter = Duration::seconds(5);  // alive so long: pause as at first
inline constexpr int kPatience = 3;  // services ended before the node was up: then it gives up
inline constexpr Duration kGraceToStop = Duration::seconds(3);
inline constexpr Duration kGraceToStart = Duration::seconds(90);  // as systemd's

class Supervisor {
 public:
  Supervisor(const Layout& layout, SocketSet sockets, std::vector<std::string> service_arguments,
             Duration watchdog);
  // service_arguments go to every service ("--root", …). One that is silent for `watchdog` after
  // it was ready, or is not ready after kGraceToStart, is killed and started again.

  Outcome<int> run(const std::string& greeting);
  // Until SIGINT or SIGTERM; prints `greeting` when all services have said that they are ready.

 private:
  struct Service {
    std::string name;
    std::string path;
    os::Fd notify;  // where it says READY=1
    pid_t pid = 0;  // 0: not running
    bool ready = false;
    Instant started;
    Instant heard;     // from it, or started
    Instant start_at;  // when not running
    Duration pause = kFirstPause;
  };

  Outcome<void> find_binaries();
  Outcome<void> open_notify_sockets();
  Outcome<void> start(Service& service);
  Outcome<void> start_due(Instant now);
  void collect_ended(Instant now);
  void hear(Service& service);
  void end_silent(Instant now);
  [[nodiscard]] Instant patience_ends(const Service& service) const;
  void announce_when_ready(const std::string& greeting);
  [[nodiscard]] Instant next_wake() const;
  void stop_all();
  void remove_device();

  const Layout& layout_;
  SocketSet sockets_;
  std::vector<std::string> arguments_;
  Duration watchdog_;
  std::vector<Service> services_;
  bool announced_ = false;
  int refusals_ = 0;  // services that ended, not by hand, before the node was up
};

}  // namespace covfefe::cli
