// SPDX-License-Identifier: Apache-2.0
// Any bytes on an edge: the connection serves them or ends, and a second connection is served.
#include <kj/async-io.h>

#include <cstdint>

#include "base/bug.h"
#include "rpc/endpoint.h"
#include "tests/rpc/echo_support.h"

namespace {

using namespace covfefe::rpc;

void feed(kj::WaitScope& scope, kj::ArrayPtr<const kj::byte> bytes) {
  CallCount calls;
  auto pipe = kj::newTwoWayPipe();
  Endpoint edge(kj::mv(pipe.ends[0]), Side::Acceptor, {.traversal_words = 1024},
                capnp::Capability::Client(kj::heap<PaperShaper>(calls)));
  auto ignored = pipe.ends[1]->readAllBytes().ignoreResult().catch_([](kj::Exception&&) {});
  auto written = pipe.ends[1]
                     ->write(bytes.begin(), bytes.size())
                     .then([&pipe] { pipe.ends[1]->shutdownWrite(); })
                     .catch_([](kj::Exception&&) {});
  auto over = edge.disconnected();
  over.poll(scope);
}

void serve(kj::WaitScope& scope) {
  CallCount calls;
  auto pipe = kj::newTwoWayPipe();
  Endpoint edge(kj::mv(pipe.ends[0]), Side::Acceptor, {},
                capnp::Capability::Client(kj::heap<PaperShaper>(calls)));
  Endpoint client(kj::mv(pipe.ends[1]), Side::Connector, {}, nullptr);
  client.peer().castAs<covfefe::schema::ShaperForRouter>().statusRequest().send().wait(scope);
  if (calls.calls != 1) covfefe::bug("an honest connection was not served");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kj::EventLoop loop;
  kj::WaitScope scope(loop);
  feed(scope, {data, size});
  serve(scope);
  return 0;
}
