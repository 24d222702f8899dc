// SPDX-License-Identifier: Apache-2.0
#include "rpc/endpoint.h"

#include <capnp/message.h>

#include "rpc/errors.h"

namespace covfefe::rpc {
namespace {

// Of calls, read while the peer has not yet taken what it was answered: 40 or so, each of which may
// be answered with the largest list.
constexpr std::size_t kMostUnheard = 4'096;

class GuardedStream final : public kj::AsyncIoStream {
 public:
  GuardedStream(kj::Own<kj::AsyncIoStream> inner, FrameLimits limits, Reading reading)
      : inner_(kj::mv(inner)), guard_(limits), reading_(reading) {}

  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    if (reading_ == Reading::Always || unheard_ < kMostUnheard)
      return checked_read(buffer, least, most);
    auto heard = kj::newPromiseAndFulfiller<void>();
    heard_ = kj::mv(heard.fulfiller);
    return heard.promise.then(
        [this, buffer, least, most] { return checked_read(buffer, least, most); });
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    writing_ = true;
    return until_written(inner_->write(buffer, size));
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    writing_ = true;
    return until_written(inner_->write(pieces));
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override { inner_->shutdownWrite(); }
  void abortRead() override { inner_->abortRead(); }

 private:
  kj::Promise<size_t> checked_read(void* buffer, size_t least, size_t most) {
    return inner_->tryRead(buffer, least, most).then([this, buffer](size_t got) -> size_t {
      const ByteView bytes(static_cast<const std::uint8_t*>(buffer), got);
      if (!guard_.consume(bytes)) {
        kj::throwFatalException(
            to_exception(CallFailure::Broken, "the peer sent a message beyond the edge's limits"));
      }
      if (writing_) unheard_ += got;
      return got;
    });
  }

  kj::Promise<void> until_written(kj::Promise<void> write) {
    return write.then([this] { written(); },
                      [this](kj::Exception&& failed) {
                        written();
                        kj::throwFatalException(kj::mv(failed));
                      });
  }

  // The library keeps further answers in a queue that we do not see: it is empty if no write has
  // begun when everybody else had a turn.
  void written() {
    writing_ = false;
    settled_ = kj::evalLast([this] {
                 if (writing_) return;
                 unheard_ = 0;
                 if (heard_) heard_->fulfill();
               }).eagerlyEvaluate(nullptr);
  }

  kj::Own<kj::AsyncIoStream> inner_;
  FrameGuard guard_;
  const Reading reading_;
  bool writing_ = false;
  std::size_t unheard_ = 0;  // bytes read since there was nothing left to write
  kj::Own<kj::PromiseFulfiller<void>> heard_;
  kj::Promise<void> settled_ = nullptr;
};

// Who only calls must read always: were both sides to wait for each other, neither would go on.
Reading reading_of(const kj::Maybe<capnp::Capability::Client>& exported) {
  return exported == nullptr ? Reading::Always : Reading::WhenHeard;
}

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
    : stream_(guarded(kj::mv(stream), {.words = limits.traversal_words}, reading_of(exported))),
      network_(*stream_, side_of(side), reader_options(limits)),
      system_(network_, kj::mv(exported)),
      peer_((system_.setFlowLimit(limits.flow_words), bootstrap_of_peer(system_, side))) {}

kj::Promise<void> Endpoint::disconnected() {
  return network_.onDisconnect().catch_([](kj::Exception&&) {});
}

kj::Own<kj::AsyncIoStream> guarded(kj::Own<kj::AsyncIoStream> inner, FrameLimits limits,
                                   Reading reading) {
  return kj::heap<GuardedStream>(kj::mv(inner), limits, reading);
}

}  // namespace covfefe::rpc
