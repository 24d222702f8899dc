// SPDX-License-Identifier: Apache-2.0
// What the helper holds when it goes behind the wall.
#pragma once

#include <string>

#include "device.h"
#include "os/fd.h"
#include "os/jail_state.h"
#include "os/notify.h"
#include "sandbox/arguments.h"

namespace covfefe::tun_helper {

struct Resources {
  Device device;
  os::Fd operator_listener;  // tun-helper.operator
  os::JailProbe jail;
  os::Notifier notifier;
  std::string router_socket;  // path of router.tun, connected behind the wall
};

[[nodiscard]] Expected<DevicePlan, std::string> plan_device(const sandbox::Options& options);
// From covfefenet.yaml and identity.yaml. The error is one sentence.

[[nodiscard]] Expected<Resources, std::string> acquire(const sandbox::Arguments& arguments);
// Makes and configures the device, opens everything else. The error is one sentence.

}  // namespace covfefe::tun_helper
