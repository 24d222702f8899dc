// SPDX-License-Identifier: Apache-2.0
// What the shaper holds when it goes behind the wall.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "config/config.h"
#include "loop/loop.h"
#include "mail.h"
#include "os/eventfd.h"
#include "os/fd.h"
#include "os/jail_state.h"
#include "os/notify.h"
#include "os/udp_send.h"
#include "rpc/serve.h"
#include "sandbox/arguments.h"

namespace covfefe::shaper {

struct Resources {
  std::unique_ptr<rpc::Service> service;  // the KJ loop: epoll, eventfd, signalfd
  os::Fd operator_listener;
  os::UdpSender sender;  // the wire sockets, numbers >= kUdpFdWall (A5)
  loop::Loop loop;       // of the data thread: epoll
  os::EventFd stop;      // ends the data thread
  os::JailProbe jail;
  os::Notifier notifier;
  std::unique_ptr<DataMailbox> to_data;
  std::unique_ptr<ControlMailbox> to_control;
  config::Config config;
  std::uint64_t seed = 0;         // of the idle lanes' jitter
  std::uint32_t first_lease = 0;  // random: numbers of an earlier run mean nothing now
  std::string router_socket;      // path of router.shaper, connected behind the wall
  std::string frames_socket;      // path of router.shaper-fd, connected behind the wall
};

[[nodiscard]] Expected<Resources, std::string> acquire(const sandbox::Arguments& arguments);
// Reads covfefenet.yaml and takes the inherited sockets. The error is one sentence.

}  // namespace covfefe::shaper
