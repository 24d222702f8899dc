// SPDX-License-Identifier: Apache-2.0
// Fills the Inspection that every service shows its operator. Names of interfaces and methods come
// from the compiled schema itself, so that the tool cannot drift from the contract.
#pragma once

#include <capnp/schema.h>
#include <schema/inspect.capnp.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/instant.h"
#include "os/jail_state.h"
#include "rpc/serve.h"

namespace covfefe::rpc {

struct InspectedInterface {
  capnp::InterfaceSchema schema;  // capnp::Schema::from<schema::KeystoreForRouter>()
  std::string edge;
  EdgeCount connections;
  std::uint64_t calls = 0;
};
struct InspectedCounter {
  std::string name;
  std::uint64_t value = 0;
};
struct InspectedQueue {
  std::string name;
  std::uint64_t depth = 0;
  std::uint64_t capacity = 0;
  std::uint64_t dropped = 0;
};
struct InspectedJail {
  os::JailState state;
  std::uint32_t syscalls = 0;  // entries of the allow-list
  std::int32_t landlock = 0;   // ABI in force
  std::string unknown;         // "enosys" or "kill"
};
struct InspectedService {
  std::string service;
  std::string version;
  std::int32_t pid = 0;
  Duration uptime;
  std::vector<InspectedInterface> interfaces;
  std::vector<InspectedCounter> counters;
  std::vector<InspectedQueue> queues;
  InspectedJail jail;
  std::string state = "ok";  // or what is missing, in one sentence
};

void write_inspection(const InspectedService& from, schema::Inspection::Builder to);

}  // namespace covfefe::rpc
