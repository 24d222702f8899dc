// SPDX-License-Identifier: Apache-2.0
// A served contract and what a hostile process can send to it: raw bytes on the connection, or
// calls of any method with any struct as parameters. In the latter the input is a script of
// {method 1, words 1, the first segment of the parameters}.
#pragma once

#include <capnp/capability.h>
#include <capnp/message.h>
#include <kj/async-io.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "rpc/endpoint.h"

namespace covfefe::fuzz {

using Running = std::vector<kj::Promise<void>>;
// What was begun; dropped before what it was begun on.

struct RawConnection {
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  rpc::Endpoint edge;
  explicit RawConnection(capnp::Capability::Client exported)
      : edge(kj::mv(pipe.ends[0]), rpc::Side::Acceptor, {.traversal_words = 4096},
             kj::mv(exported)) {}
};

inline void send_raw(Running& running, capnp::Capability::Client exported, ByteView bytes) {
  auto connection = kj::heap<RawConnection>(kj::mv(exported));
  kj::AsyncIoStream& peer = *connection->pipe.ends[1];
  const auto ignore = [](kj::Exception&&) {};
  auto written = peer.write(bytes.data(), bytes.size()).then([&peer] { peer.shutdownWrite(); });
  auto heard = peer.readAllBytes().ignoreResult().catch_(ignore).eagerlyEvaluate(nullptr);
  auto over = connection->edge.disconnected();
  running.push_back(written.catch_(ignore)
                        .attach(kj::mv(heard))
                        .then([over = kj::mv(over)]() mutable { return kj::mv(over); })
                        .attach(kj::mv(connection))
                        .eagerlyEvaluate(nullptr));
}

class OneSegment final : public capnp::MessageReader {
 public:
  explicit OneSegment(kj::ArrayPtr<const capnp::word> words)
      : MessageReader({.traversalLimitInWords = 4096, .nestingLimit = 16}), words_(words) {}
  kj::ArrayPtr<const capnp::word> getSegment(capnp::uint id) override {
    return id == 0 ? words_ : nullptr;
  }

 private:
  kj::ArrayPtr<const capnp::word> words_;
};

template <typename Interface>
void call(Running& running, typename Interface::Client client, Reader& in) {
  const std::uint16_t method = in.le<std::uint8_t>() % 24;
  const std::size_t size = std::min<std::size_t>(in.le<std::uint8_t>() * 8u, in.remaining());
  auto words = kj::heapArray<capnp::word>(size / 8 + 1);
  std::memset(words.begin(), 0, words.asBytes().size());
  copy(in.take(size), {words.asBytes().begin(), words.asBytes().size()});
  OneSegment message(words);
  auto request = client.typelessRequest(capnp::typeId<Interface>(), method, nullptr);
  // What lies about its pointers is refused here; on a connection, while it is read.
  const bool set = kj::runCatchingExceptions([&] {
                     request.set(message.template getRoot<capnp::AnyPointer>());
                   }) == nullptr;
  if (!set) return;
  running.push_back(
      request.send().ignoreResult().catch_([](kj::Exception&&) {}).eagerlyEvaluate(nullptr));
}

// The first byte: even = a script of calls, odd = raw bytes. The caller turns the loop.
template <typename Interface>
[[nodiscard]] Running begin(capnp::Capability::Client exported, ByteView bytes) {
  Running running;
  if (bytes.empty()) return running;
  if (bytes[0] % 2 != 0) {
    send_raw(running, kj::mv(exported), bytes.subspan(1));
    return running;
  }
  auto client = exported.castAs<Interface>();
  Reader in(bytes.subspan(1));
  for (int i = 0; i < 16 && in.remaining() > 2; ++i) call<Interface>(running, client, in);
  return running;
}

}  // namespace covfefe::fuzz
