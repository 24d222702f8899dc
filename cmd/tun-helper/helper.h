// SPDX-License-Identifier: Apache-2.0
// The helper at work: one poll(2) loop that hands the TUN descriptor to each router that comes up
// and tells the operator how things are. It reads no byte from anybody. Thread: main.
#pragma once

#include <cstdint>

#include "base/instant.h"
#include "base/log.h"
#include "os/fd.h"
#include "resources.h"
#include "sandbox/confine.h"

namespace covfefe::tun_helper {

class Helper {
 public:
  Helper(Resources& held, const sandbox::JailReport& confined, Log& log);
  // All borrowed; they must outlive this.

  [[nodiscard]] SysError run();
  // Until something that cannot be repaired from in here: the supervisor starts another.

 private:
  SysResult<void> wait_and_act();
  SysResult<void> advance(Instant now);
  SysResult<void> hand_over(Instant now);
  void connect(Instant now);
  void drop_router();
  void answer_operator(Instant now);
  void prove_alive(Instant now);
  [[nodiscard]] Instant next_wake() const;
  [[nodiscard]] const char* state() const;

  Resources& held_;
  const sandbox::JailReport& confined_;
  Log& log_;
  Instant started_;
  os::Fd router_;             // router.tun, watched for hang-up only
  bool handed_over_ = false;  // on this connection
  Instant connected_at_;      // when router_ was made
  Instant next_try_;          // to connect or to attach; never() = nothing to do
  Duration back_off_;         // of the next failing connect
  Instant next_watchdog_ = Instant::never();
  std::uint64_t connections_ = 0;
  std::uint64_t handovers_ = 0;
  std::uint64_t busy_ = 0;  // attachments refused since a router held the device
  std::uint64_t devices_lost_ = 0;
  std::uint64_t inspections_ = 0;
};

[[nodiscard]] int serve(sandbox::Confined<Resources> jailed);
// Announces readiness and runs; the exit code.

}  // namespace covfefe::tun_helper
