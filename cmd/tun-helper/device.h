// SPDX-License-Identifier: Apache-2.0
// The TUN device as the helper holds it: persistent, configured, and attached when nobody else is
// (A9). Thread: main.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "netlink.h"
#include "os/fd.h"

namespace covfefe::tun_helper {

class Device {
 public:
  explicit Device(DevicePlan plan) : plan_(std::move(plan)) {}

  [[nodiscard]] SysResult<void> prepare();
  // At start: the device exists afterwards with address, MTU and routes. A router that still holds
  // it is no error: the descriptor is then had later.
  [[nodiscard]] SysResult<void> attach();
  // The descriptor is there afterwards, of the device or of a new one like it. EBUSY while a router
  // that is alive, or dying, holds it.
  void lost() { tun_.reset(); }
  // The kernel says that the device behind the descriptor is gone.

  [[nodiscard]] const os::Fd& tun() const { return tun_; }
  // Empty until attach() or prepare() got it.
  [[nodiscard]] const DevicePlan& plan() const { return plan_; }
  [[nodiscard]] std::uint64_t attachments() const { return attachments_; }

 private:
  DevicePlan plan_;
  os::Fd tun_;
  std::uint64_t attachments_ = 0;
};

}  // namespace covfefe::tun_helper
