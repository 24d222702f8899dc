// SPDX-License-Identifier: Apache-2.0
// Every descriptor that the router starts with, named and counted, and what it read before the
// wall. Afterwards it opens no file and makes no socket.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "base/address.h"
#include "config/config.h"
#include "core/router.h"
#include "crypto/drbg.h"
#include "loop/loop.h"
#include "mail.h"
#include "os/fd.h"
#include "os/jail_state.h"
#include "os/listen.h"
#include "os/notify.h"
#include "rpc/serve.h"
#include "sandbox/arguments.h"

namespace covfefe::router {

inline constexpr std::size_t kWireSockets = 3;  // control, data0 (bulk), data1 (realtime)

struct Listeners {
  os::Fd keystore;       // router.keystore, stream
  os::Fd peerdb;         // router.peerdb, stream
  os::Fd shaper;         // router.shaper, stream
  os::Fd operators;      // router.operator, stream
  os::Fd shaper_frames;  // router.shaper-fd, seqpacket: memory and eventfds
  os::Fd tun;            // router.tun, seqpacket: the TUN device
};

struct Node {
  std::string name;           // of the configuration
  core::RouterConfig config;  // own address, public keys, boot id, data sockets
  config::Config file;        // as it was at start
};

struct DataResources {
  std::array<os::Fd, kWireSockets> wire;  // UDP, receive only, numbers >= kUdpFdWall (A5)
  loop::Loop loop;                        // epoll
  std::unique_ptr<crypto::SystemEntropy> entropy;
  std::unique_ptr<crypto::Drbg> random;  // seeded
};

struct Resources {
  Node node;
  Listeners listeners;
  DataResources data;
  std::unique_ptr<rpc::Service> service;       // KJ: epoll, eventfd, signalfd
  std::unique_ptr<DataMailbox> to_data;        // eventfd
  std::unique_ptr<ControlMailbox> to_control;  // eventfd
  os::JailProbe jail;
  os::Notifier notifier;
};

[[nodiscard]] Expected<Resources, std::string> acquire(const sandbox::Arguments& arguments);
// Reads covfefenet.yaml and identity.yaml, takes the inherited sockets, seeds the generator. The
// error is one sentence that names the file or socket.

}  // namespace covfefe::router
