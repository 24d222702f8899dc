// SPDX-License-Identifier: Apache-2.0
#include "device.h"

#include <cerrno>

#include "os/tun.h"

namespace covfefe::tun_helper {

SysResult<void> Device::prepare() {
  SysResult<void> attached = attach();
  // Who holds it did not make it: it is one of ours, left by an earlier helper.
  if (!attached && attached.error().number == EBUSY) return configure_device(plan_);
  return attached;
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
