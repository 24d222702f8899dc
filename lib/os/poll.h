// SPDX-License-Identifier: Apache-2.0
// poll(2), for the one process that has no event loop library. Thread: any.
#pragma once

#include <cstdint>
#include <span>

#include "base/instant.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

enum class WaitFor : std::uint8_t {
  Readable,  // or hung up
  HangUp,    // only: what the other side says is neither read nor a reason to wake. A TUN
             // device that was deleted is seen when the time comes, since nobody is woken
};

struct Waited {
  const Fd* fd = nullptr;  // borrowed for the call; an empty Fd never happens
  WaitFor what = WaitFor::Readable;
  bool happened = false;  // set by wait()
};

[[nodiscard]] SysResult<void> wait(std::span<Waited> all, Instant until);
// Until one of at most 8 happens or the time comes (then none did). A signal counts as the time.

}  // namespace covfefe::os
