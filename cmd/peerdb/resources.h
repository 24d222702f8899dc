// SPDX-License-Identifier: Apache-2.0
// What peerdb holds when it goes behind the wall.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "os/fd.h"
#include "os/jail_state.h"
#include "os/notify.h"
#include "os/storage.h"
#include "rpc/serve.h"
#include "sandbox/arguments.h"

namespace covfefe::peerdb {

inline constexpr std::string_view kWaitForVolume = "--wait-for-volume";
// Given by the unit: a refused volume is waited for. Without it the process ends.

inline constexpr std::array<std::string_view, 1> kOwnArguments{kWaitForVolume};

struct Resources {
  std::unique_ptr<rpc::Service> service;  // the KJ loop: epoll, eventfd, signalfd
  os::Fd operator_listener;
  os::Fd signals;  // SIGTERM and SIGINT: the log is folded into the file on the way out
  os::JailProbe jail;
  os::Notifier notifier;
  os::MountWatch volume;      // on which the directory was accepted
  std::string database;       // path of the database file, opened behind the wall
  std::string router_socket;  // path of router.peerdb, connected behind the wall
};

[[nodiscard]] Expected<Resources, std::string> acquire(const sandbox::Arguments& arguments);
// Opens everything and examines the disk below the database. The error is one sentence.

}  // namespace covfefe::peerdb
