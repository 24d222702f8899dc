// SPDX-License-Identifier: Apache-2.0
// One Cap'n Proto connection over one stream, with stated limits and no file descriptors. Either
// side may export a bootstrap capability, call the other's, or both: RPC roles do not follow the
// direction of connect. Trusts nothing that the peer sends. Thread: the one with the KJ loop.
#pragma once

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <cstdint>

#include "rpc/frame_guard.h"

namespace covfefe::rpc {

struct Limits {
  std::uint64_t traversal_words = 64 * 1024;  // one message, 512 KiB
  int nesting = 16;
  std::size_t flow_words = 128 * 1024;  // of calls that were received and are not yet answered
};

enum class Side : std::uint8_t { Acceptor, Connector };

class Endpoint {
 public:
  Endpoint(kj::Own<kj::AsyncIoStream> stream, Side side, const Limits& limits,
           kj::Maybe<capnp::Capability::Client> exported);
  // `exported` is the peer's to call as long as the connection lives.

  [[nodiscard]] capnp::Capability::Client peer() { return peer_; }
  // The peer's bootstrap. A promise: calls fail with DISCONNECTED once the connection is gone, and
  // with FAILED if the peer exports nothing.

  [[nodiscard]] kj::Promise<void> disconnected();
  // Resolves when the peer is gone or broke the framing. Never fails. The endpoint may be destroyed
  // before it resolves.

 private:
  kj::Own<kj::AsyncIoStream> stream_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> system_;
  capnp::Capability::Client peer_;
};

enum class Reading : std::uint8_t {
  Always,
  WhenHeard,  // with 4 KiB read since the peer stopped taking answers, no more until it takes them
};

[[nodiscard]] kj::Own<kj::AsyncIoStream> guarded(kj::Own<kj::AsyncIoStream> inner,
                                                 FrameLimits limits,
                                                 Reading reading = Reading::Always);
// The same stream; a read that brings framing beyond the limits fails and so ends the connection.
// Endpoint does this itself, WhenHeard if it exports: a peer that asks and does not listen costs
// bounded memory.

}  // namespace covfefe::rpc
