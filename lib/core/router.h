// SPDX-License-Identifier: Apache-2.0
// The router as a value: every friend's link, the circuits on them, the end-to-end sessions in the
// circuits and the routes of inner packets. Sans-IO: what happens comes in as an Input with the
// time, what is to be done goes out through Effects, and nothing else is touched. The same inputs
// and the same DRBG seed give the same outputs. Thread: data.
#pragma once

#include <memory>
#include <vector>

#include "core/io.h"
#include "wire/control.h"

namespace covfefe::crypto {
class Drbg;  // crypto/drbg.h
}

namespace covfefe::core {

struct RouterConfig {
  Address address;                               // own overlay address
  StaticKey static_key{};                        // own X25519 link key, public half
  BootId boot{};                                 // random, new at every start of the process
  std::vector<wire::DataSocket> data_sockets{};  // announced to friends; at most one per class
  std::size_t tun_mtu = 1280;                    // larger inner packets get ICMPv6 packet-too-big
  CircuitPolicy policy{};
};

class Router {
 public:
  Router(RouterConfig config, crypto::Drbg& random, wire::ControlCodec& codec);
  // random and codec are borrowed for the router's life.
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  void step(const Input& input, Instant now, Effects& effects);
  // Time never goes back between calls. Every acquired frame is posted or released on return, and
  // every packet that could be delivered has been.
  [[nodiscard]] Instant next_deadline() const;
  // When step(Timer{}) is due; never() if nothing waits. Changes with each step.
  [[nodiscard]] std::uint64_t heeded() const;
  // Datagrams so far that were a friend's or were admitted to the keystore; the others were
  // refused.

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace covfefe::core
