// SPDX-License-Identifier: Apache-2.0
#include <capnp/serialize.h>
#include <doctest/doctest.h>
#include <kj/async-io.h>

#include "rpc/endpoint.h"
#include "tests/rpc/echo_support.h"

using namespace covfefe;
using namespace covfefe::rpc;

namespace {

struct Fixture {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  CallCount calls;

  kj::Maybe<CallError> failure_of(kj::Promise<void> promise) {
    kj::Maybe<CallError> failed;
    KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&] { promise.wait(scope); })) {
      failed = from_exception(*exception);
    }
    return failed;
  }
};

kj::Promise<std::uint64_t> ask(capnp::Capability::Client peer) {
  return peer.castAs<schema::ShaperForRouter>().statusRequest().send().then(
      [](capnp::Response<schema::ShaperForRouter::StatusResults>&& reply) {
        return reply.getStatus().getSentDatagrams();
      });
}

CallFailure kind_of(kj::Maybe<CallError>& failed) {
  KJ_IF_MAYBE (error, failed) return error->kind;
  FAIL("the call succeeded");
  return CallFailure::Broken;
}

// Writes, but reads only once it is told to.
class DeafStream final : public kj::AsyncIoStream {
 public:
  DeafStream(kj::Own<kj::AsyncIoStream> inner, kj::Promise<void> until)
      : inner_(kj::mv(inner)), until_(until.fork()) {}
  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    return until_.addBranch().then(
        [this, buffer, least, most] { return inner_->tryRead(buffer, least, most); });
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    return inner_->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    return inner_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override { inner_->shutdownWrite(); }

 private:
  kj::Own<kj::AsyncIoStream> inner_;
  kj::ForkedPromise<void> until_;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an acceptor calls what the connector exports") {
  Endpoint acceptor(kj::mv(pipe.ends[0]), Side::Acceptor, {}, nullptr);
  Endpoint connector(kj::mv(pipe.ends[1]), Side::Connector, {},
                     capnp::Capability::Client(kj::heap<PaperShaper>(calls)));
  CHECK(ask(acceptor.peer()).wait(scope) == 42);
  CHECK(calls.calls == 1);
}

TEST_CASE_FIXTURE(Fixture, "a connector calls what the acceptor exports") {
  Endpoint acceptor(kj::mv(pipe.ends[0]), Side::Acceptor, {},
                    capnp::Capability::Client(kj::heap<PaperShaper>(calls)));
  Endpoint connector(kj::mv(pipe.ends[1]), Side::Connector, {}, nullptr);
  CHECK(ask(connector.peer()).wait(scope) == 42);
}

TEST_CASE_FIXTURE(Fixture, "both sides may export on one connection") {
  CallCount others;
  Endpoint acceptor(kj::mv(pipe.ends[0]), Side::Acceptor, {},
                    capnp::Capability::Client(kj::heap<PaperShaper>(calls)));
  Endpoint connector(kj::mv(pipe.ends[1]), Side::Connector, {},
                     capnp::Capability::Client(kj::heap<PaperShaper>(others)));
  CHECK(ask(connector.peer()).wait(scope) == 42);
  CHECK(ask(acceptor.peer()).wait(scope) == 42);
  CHECK(calls.calls == 1);
  CHECK(others.calls == 1);
}

TEST_CASE_FIXTURE(Fixture, "calling a peer that exports nothing fails and harms nothing") {
  Endpoint acceptor(kj::mv(pipe.ends[0]), Side::Acceptor, {}, nullptr);
  Endpoint connector(kj::mv(pipe.ends[1]), Side::Connector, {},
                     capnp::Capability::Client(kj::heap<PaperShaper>(calls)));
  auto failed = failure_of(ask(connector.peer()).ignoreResult());
  CHECK(kind_of(failed) == CallFailure::Broken);
  CHECK(ask(acceptor.peer()).wait(scope) == 42);
}

TEST_CASE_FIXTURE(Fixture, "a method of another interface is unimplemented") {
  Endpoint acceptor(kj::mv(pipe.ends[0]), Side::Acceptor, {}, nullptr);
  Endpoint connector(kj::mv(pipe.ends[1]), Side::Connector, {},
                     capnp::Capability::Client(kj::heap<PaperShaper>(calls)));
  auto wrong = acceptor.peer().castAs<schema::Inspectable>().inspectRequest();
  auto failed = failure_of(wrong.send().ignoreResult());
  CHECK(kind_of(failed) == CallFailure::Unimplemented);
}

TEST_CASE_FIXTURE(Fixture, "a peer that dies mid-call fails the call as disconnected") {
  Endpoint acceptor(kj::mv(pipe.ends[0]), Side::Acceptor, {}, nullptr);
  auto connector = kj::heap<Endpoint>(kj::mv(pipe.ends[1]), Side::Connector, Limits{},
                                      capnp::Capability::Client(kj::heap<SilentShaper>(calls)));
  auto call = ask(acceptor.peer());
  CHECK_FALSE(call.poll(scope));
  auto over = acceptor.disconnected();
  CHECK_FALSE(over.poll(scope));
  connector = nullptr;
  auto failed = failure_of(call.ignoreResult());
  CHECK(kind_of(failed) == CallFailure::Disconnected);
  CHECK(over.poll(scope));
  auto later = failure_of(ask(acceptor.peer()).ignoreResult());
  CHECK(kind_of(later) == CallFailure::Disconnected);
}

TEST_CASE_FIXTURE(Fixture, "the text of a failure crosses the edge, its origin does not") {
  Endpoint acceptor(kj::mv(pipe.ends[0]), Side::Acceptor, {}, nullptr);
  Endpoint connector(kj::mv(pipe.ends[1]), Side::Connector, {},
                     capnp::Capability::Client(kj::heap<ThrowingShaper>(calls)));
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions(
                              [&] { ask(acceptor.peer()).ignoreResult().wait(scope); })) {
    const std::string whole = kj::str(*exception).cStr();
    CHECK(whole.find("it went wrong") != std::string::npos);
    CHECK(whole.find("secret") == std::string::npos);
  } else {
    FAIL("the call succeeded");
  }
}

TEST_CASE_FIXTURE(Fixture, "a message beyond the traversal limit ends the connection") {
  Endpoint acceptor(kj::mv(pipe.ends[0]), Side::Acceptor, {.traversal_words = 64}, nullptr);
  auto over = acceptor.disconnected();
  capnp::MallocMessageBuilder huge;
  huge.initRoot<capnp::AnyPointer>().initAs<capnp::Data>(1024);
  const kj::Array<capnp::word> flat = capnp::messageToFlatArray(huge);
  auto written = pipe.ends[1]->write(flat.begin(), flat.asBytes().size());
  auto abort = pipe.ends[1]->readAllBytes();
  CHECK(over.poll(scope));
}

TEST_CASE_FIXTURE(Fixture, "a segment count that wraps to none ends the connection") {
  Endpoint acceptor(kj::mv(pipe.ends[0]), Side::Acceptor, {}, nullptr);
  auto over = acceptor.disconnected();
  const std::array<std::uint8_t, 16> hostile = {0xff, 0xff, 0xff, 0xff};
  auto written = pipe.ends[1]->write(hostile.data(), hostile.size());
  auto abort = pipe.ends[1]->readAllBytes();
  CHECK(over.poll(scope));
}

TEST_CASE_FIXTURE(Fixture, "bytes that are no message of the protocol end the connection") {
  Endpoint acceptor(kj::mv(pipe.ends[0]), Side::Acceptor, {}, nullptr);
  auto over = acceptor.disconnected();
  // One segment of one word whose root pointer points far outside.
  const std::array<std::uint8_t, 16> hostile = {0,    0,    0,    0,    1, 0, 0, 0,
                                                0xfc, 0xff, 0xff, 0x7f, 8, 0, 8, 0};
  auto written = pipe.ends[1]->write(hostile.data(), hostile.size());
  auto abort = pipe.ends[1]->readAllBytes();
  CHECK(over.poll(scope));
}

TEST_CASE_FIXTURE(Fixture, "a peer that asks and does not listen is served no further") {
  auto listen = kj::newPromiseAndFulfiller<void>();
  Endpoint acceptor(kj::mv(pipe.ends[0]), Side::Acceptor, {},
                    capnp::Capability::Client(kj::heap<PaperShaper>(calls)));
  Endpoint connector(kj::heap<DeafStream>(kj::mv(pipe.ends[1]), kj::mv(listen.promise)),
                     Side::Connector, {}, nullptr);
  constexpr std::size_t kCalls = 2'000;
  auto answers = kj::heapArrayBuilder<kj::Promise<std::uint64_t>>(kCalls);
  for (std::size_t i = 0; i < kCalls; ++i) answers.add(ask(connector.peer()));
  auto all = kj::joinPromises(answers.finish());
  CHECK_FALSE(all.poll(scope));
  CHECK(calls.calls > 0);
  CHECK(calls.calls < 200);
  // As soon as it listens it gets every answer.
  listen.fulfiller->fulfill();
  CHECK(all.wait(scope).size() == kCalls);
  CHECK(calls.calls == kCalls);
}
