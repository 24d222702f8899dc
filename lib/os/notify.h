// SPDX-License-Identifier: Apache-2.0
// sd_notify(3) without libsystemd: tells the supervisor (systemd or `covfefe up`) that the service
// is ready, what it is doing and that it is alive. The socket is opened or inherited before
// confine; later calls only send on it. Thread: one at a time.
#pragma once

#include <string>
#include <string_view>

#include "base/instant.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

class Notifier {
 public:
  Notifier() = default;
  // A notifier that nobody hears: every call does nothing.
  static SysResult<Notifier> from_environment();
  // Connects to $NOTIFY_SOCKET (path, or '@' for abstract) and removes the variable; a silent
  // notifier if it is not set. Reads $WATCHDOG_USEC too.
  static SysResult<Notifier> through(Fd inherited);
  // The same for a service that may neither make nor connect a socket: sends from this datagram
  // socket, below the wall of descriptors, to $NOTIFY_SOCKET.

  void ready();
  void stopping();
  void status(std::string_view sentence);
  // One line, for `systemctl status`; line breaks are replaced by spaces.
  void alive();
  // WATCHDOG=1; call about twice per watchdog_interval(), from the main loop after a self-check.

  [[nodiscard]] Duration watchdog_interval() const { return watchdog_; }
  // 0: no watchdog.
  [[nodiscard]] const Fd& fd() const { return socket_; }

 private:
  void send(std::string_view message);
  Fd socket_;
  std::string to_;  // $NOTIFY_SOCKET, where socket_ is not connected to it
  Duration watchdog_;
};
// A supervisor that does not listen is not our failure: sending errors are ignored.

[[nodiscard]] bool restarts_are_blind();
// systemd started this process: it starts it again after the same short time for ever, whereas
// `covfefe up` waits longer each time. Who refuses to run then rests first.
inline constexpr Duration kRest = Duration::seconds(1);
void rest_before_end();
// Sleeps for kRest if restarts are blind. Before confine.

}  // namespace covfefe::os
