// SPDX-License-Identifier: Apache-2.0
#include "rpc/endpoint.h"

#include <capnp/message.h>

#include "rpc/errors.h"

namespace covfefe::rpc {
namespace {

class GuardedStream final : public kj::AsyncIoStream {
 public:
  GuardedStream(kj::Own<kj::AsyncIoStream> inner, FrameLimits limits)
      : inner_(kj::mv(inner)), guard_(limits) {}

  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    return inner_->tryRead(buffer, least, most).then([this, buffer](size_t got) -> size_t {
      const ByteView bytes(static_cast<const std::uint8_t*>(buffer), got);
      if (!guard_.consume(bytes)) {
        kj::throwFatalException(
            to_exception(CallFailure::Broken, "the peer sent a message beyond the edge's limits"));
      }
      return got;
    });
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    return inner_->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    return inner_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override { inner_->shutdownWrite(); }
  void abortRead() override { inner_->abortRead(); }

 private:
  kj::Own<kj::AsyncIoStream> inner_;
  FrameGuard guard_;
};

capnp::ReaderOptions reader_options(const Limits& limits) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = limits.traversal_words;
  options.nestingLimit = limits.nesting;
  return options;
}

capnp::rpc::twoparty::Side side_of(Side side) {
  return side == Side::Acceptor ? capnp::rpc::twoparty::Side::SERVER
                                : capnp::rpc::twoparty::Side::CLIENT;
}

capnp::Capability::Client bootstrap_of_peer(capnp::RpcSystem<capnp::rpc::twoparty::VatId>& system,
                                            Side own) {
  capnp::MallocMessageBuilder message(8);
  auto id = message.initRoot<capnp::rpc::twoparty::VatId>();
  id.setSide(side_of(own == Side::Acceptor ? Side::Connector : Side::Acceptor));
  return system.bootstrap(id);
}

}  // namespace

// Asking for the peer's bootstrap at once is also what makes a connector read at all: the library
// opens its side of a two-party connection on first use only.
Endpoint::Endpoint(kj::Own<kj::AsyncIoStream> stream, Side side, const Limits& limits,
                   kj::Maybe<capnp::Capability::Client> exported)
    : stream_(guarded(kj::mv(stream), {.words = limits.traversal_words})),
      network_(*stream_, side_of(side), reader_options(limits)),
      system_(network_, kj::mv(exported)),
      peer_((system_.setFlowLimit(limits.flow_words), bootstrap_of_peer(system_, side))) {}

kj::Promise<void> Endpoint::disconnected() {
  return network_.onDisconnect().catch_([](kj::Exception&&) {});
}

kj::Own<kj::AsyncIoStream> guarded(kj::Own<kj::AsyncIoStream> inner, FrameLimits limits) {
  return kj::heap<GuardedStream>(kj::mv(inner), limits);
}

}  // namespace covfefe::rpc
