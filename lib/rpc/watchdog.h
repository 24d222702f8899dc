// SPDX-License-Identifier: Apache-2.0
// Proof of life for the supervisor, from a service's own KJ loop. Thread: the loop's.
#pragma once

#include <functional>
#include <utility>

#include "os/notify.h"
#include "rpc/serve.h"

namespace covfefe::rpc {

inline void tend_watchdog(Service& service, const os::Notifier& notifier,
                          std::function<void()> prove) {
  const Duration interval = notifier.watchdog_interval();
  if (interval > Duration{}) service.every(interval / 6, std::move(prove));
}
// Six times in the interval, so that a single look that failed does not end the service. `prove`
// looks at the service itself and then calls Notifier::alive(), at once or when the answer is
// there. Who has no watchdog proves nothing.

inline int end_unready(Service& service) {
  if (os::restarts_are_blind()) {
    service.every(os::kRest, [&service] { service.stop(); });
    (void)service.run();
  }
  return 1;
}
// The exit code of a confined service that finds it cannot run: os::rest_before_end() from inside.

}  // namespace covfefe::rpc
