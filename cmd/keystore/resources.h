// SPDX-License-Identifier: Apache-2.0
// What the keystore holds when it goes behind the wall.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keys/sealed_file.h"
#include "os/jail_state.h"
#include "os/notify.h"
#include "os/storage.h"
#include "rpc/serve.h"
#include "sandbox/arguments.h"

namespace covfefe::keystore {

inline constexpr std::string_view kWaitForVolume = "--wait-for-volume";
// Given by the unit: a refused volume is waited for. Without it the process ends.

struct Resources {
  std::unique_ptr<rpc::Service> service;  // the KJ loop: epoll, eventfd, signalfd
  os::Fd operator_listener;
  os::JailProbe jail;
  os::Notifier notifier;
  os::MountWatch volume;  // on which the directory was accepted
  os::Fd signals;         // SIGTERM and SIGINT: secrets are wiped on the way out
  keys::Place place;
  std::optional<std::vector<std::uint8_t>> credential;  // none: locked until `covfefe unlock`
  std::string name;                                     // of the node, from the configuration
  std::string router_socket;  // path of router.keystore, connected behind the wall
};

[[nodiscard]] Expected<void, std::string> protect_memory();
// No core dumps, and the cryptographic library is ready. First thing in main.

[[nodiscard]] Expected<Resources, std::string> acquire(const sandbox::Arguments& arguments);
// Opens everything and examines the disk below the key file; reads the credential while it still
// can. The error is one sentence.

}  // namespace covfefe::keystore
