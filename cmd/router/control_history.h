// SPDX-License-Identifier: Apache-2.0
// What becomes of promises and what the uplink carried, carried to peerdb; and the last minutes of
// the uplink, read once at the first connection. Waits, bounded, while peerdb is away.
// Thread: control.
#pragma once

#include <schema/peerdb.capnp.h>

#include <functional>
#include <vector>

#include "base/log.h"
#include "base/promises.h"
#include "base/records.h"
#include "batch.h"
#include "rpc/serve.h"

namespace covfefe::router {

inline constexpr std::uint32_t kRecalledMinutes = 10;

class History {
 public:
  using Client = schema::PeerdbForRouter::Client;
  using Operation = ByteArray<16>;
  using Minutes = std::vector<CapacityRecord>;
  struct Needs {
    rpc::Service& service;
    Log& log;
    std::function<Operation()> operation;          // a fresh random one
    std::function<void(const Minutes&)> recalled;  // told once: newest first, may be none
  };
  explicit History(Needs needs) : needs_(std::move(needs)) {}

  void connected(Client client);
  void gone();

  void note(const PromiseEnd& end) { promises_.add(end); }
  void note(const Minutes& minutes);
  void write();
  // Every second: what was noted since. One batch of each kind is under way at most.

  [[nodiscard]] std::size_t waiting() const { return promises_.waiting() + minutes_.waiting(); }
  [[nodiscard]] std::uint64_t lost() const { return promises_.lost() + minutes_.lost(); }
  static constexpr std::size_t kMost = 2 * (kMaxPromiseOutcomes + kMaxCapacityMinutes);

 private:
  void read();
  void write_promises(Client& client);
  void write_minutes(Client& client);
  template <typename Results, typename Values>
  void settle(kj::Promise<capnp::Response<Results>> sent, Values& batch);

  Needs needs_;
  kj::Maybe<Client> client_;
  std::uint64_t epoch_ = 0;  // of the connection
  bool told_ = false;
  Batch<PromiseEnd, kMaxPromiseOutcomes> promises_;
  Batch<CapacityRecord, kMaxCapacityMinutes> minutes_;
};

}  // namespace covfefe::router
