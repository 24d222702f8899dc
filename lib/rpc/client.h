// SPDX-License-Identifier: Apache-2.0
// The command line's side of an operator socket: connect, call, wait, each with a time limit. Not
// for services, which never wait. One client per thread at a time.
#pragma once

#include <memory>
#include <string>

#include "base/instant.h"
#include "rpc/endpoint.h"
#include "rpc/errors.h"

namespace covfefe::rpc {

class Client {
 public:
  static CallResult<std::unique_ptr<Client>> connect(const std::string& path, Duration timeout);
  // path: a Unix stream socket.

  template <typename Interface>
  [[nodiscard]] typename Interface::Client as() {
    return endpoint_->peer().castAs<Interface>();
  }

  template <typename Params, typename Results>
  CallResult<capnp::Response<Results>> call(capnp::Request<Params, Results> request,
                                            Duration timeout) {
    return wait<capnp::Response<Results>>([&request] { return request.send(); }, timeout);
  }
  // Example: client.call(client.as<schema::RouterOperator>().statusRequest(), timeout). Reading
  // the response can throw kj::Exception where a peer lies about pointers: read it in guard().

  template <typename Function>
  static CallResult<void> guard(Function&& read) {
    KJ_IF_MAYBE (failed, kj::runCatchingExceptions(read)) {
      return from_exception(*failed);
    }
    return {};
  }

 private:
  explicit Client(kj::AsyncIoContext io) : io_(kj::mv(io)) {}

  template <typename Value, typename Start>
  CallResult<Value> wait(Start&& start, Duration timeout) {
    kj::Maybe<Value> value;
    const kj::Duration limit = timeout.nanoseconds * kj::NANOSECONDS;
    KJ_IF_MAYBE (failed, kj::runCatchingExceptions([&] {
                   kj::Promise<Value> started = start();
                   kj::Promise<kj::Maybe<Value>> in_time =
                       started.then([](Value&& v) { return kj::Maybe<Value>(kj::mv(v)); });
                   value = in_time
                               .exclusiveJoin(io_.provider->getTimer().afterDelay(limit).then(
                                   []() -> kj::Maybe<Value> { return nullptr; }))
                               .wait(io_.waitScope);
                 })) {
      return from_exception(*failed);
    }
    KJ_IF_MAYBE (v, value) {
      return CallResult<Value>(kj::mv(*v));
    }
    return CallError{CallFailure::TimedOut, "no answer in time"};
  }

  kj::AsyncIoContext io_;
  kj::Own<Endpoint> endpoint_;
};

}  // namespace covfefe::rpc
