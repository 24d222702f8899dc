// SPDX-License-Identifier: Apache-2.0
#include "device.h"

#include <cerrno>

#include "os/tun.h"

namespace covfefe::tun_helper {

SysResult<void> Device::prepare() {
  SysResult<void> attached = attach();
  if (attached || attached.error().number != EBUSY) return attached;
  // Held by a router of ours, or by another program that has a device of this name.
  const SysResult<bool> ours = carries_overlay_address(plan_);
  if (!ours) return ours.error();
  return *ours ? configure_device(plan_) : attached;
}

SysResult<void> Device::attach() {
  if (tun_.valid()) return {};
  SysResult<os::Fd> tun = os::attach_tun(plan_.name);
  if (!tun) return tun.error();
  if (auto kept = os::set_tun_life(*tun, os::TunLife::Persistent); !kept) return kept;
  // Always, not only when new: somebody may have deleted the device and this made another.
  if (auto configured = configure_device(plan_); !configured) return configured;
  tun_ = std::move(*tun);
  ++attachments_;
  return {};
}

}  // namespace covfefe::tun_helper
