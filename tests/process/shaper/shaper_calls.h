// SPDX-License-Identifier: Apache-2.0
// The contracts of one covfefe-shaper, called by the test as its router and as its operator.
#pragma once

#include <kj/async-io.h>
#include <schema/shaper.capnp.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/endpoint.h"
#include "rpc/leases.h"
#include "rpc/serve.h"
#include "shaper_node.h"

namespace covfefe::tests {

class ShaperCalls {
 public:
  explicit ShaperCalls(ShaperNode& node) : node_(node), io_(kj::setupAsyncIo()) {}
  [[nodiscard]] bool meet();
  // Accepts the shaper's connection and connects to its operator socket; false after five seconds.
  // Again after every restart.

  [[nodiscard]] schema::ShaperForRouter::Client router();
  [[nodiscard]] schema::ShaperOperator::Client operators();

  template <typename Promise>
  auto wait(Promise&& promise) {
    return io_.provider->getTimer()
        .timeoutAfter(20 * kj::SECONDS, kj::mv(promise))
        .wait(io_.waitScope);
  }
  void let_pass(Duration time);  // answering what comes meanwhile

  void place(const std::vector<PlacedLink>& links);
  [[nodiscard]] rpc::LeaseAnswer take(const LeaseTerms& terms);
  [[nodiscard]] std::vector<Lease> leases();
  [[nodiscard]] std::vector<std::uint32_t> restore(const std::vector<Lease>& leases);
  void watch(std::function<void(std::uint32_t id, LeaseRefusal why)> told);

  struct Applied {
    bool ok = false;
    std::vector<std::string> changed;
    std::string why;
  };
  [[nodiscard]] Applied apply(const std::string& text);
  [[nodiscard]] kj::Own<capnp::MallocMessageBuilder> view();
  // Root: schema::ShaperView.
  [[nodiscard]] std::uint64_t counter(std::string_view name);
  // Of its inspection, 0 if there is none.

 private:
  ShaperNode& node_;
  kj::AsyncIoContext io_;
  rpc::CallCount calls_;
  kj::Own<rpc::Endpoint> router_;
  kj::Own<rpc::Endpoint> operator_;
};

}  // namespace covfefe::tests
