// SPDX-License-Identifier: Apache-2.0
// A keystore on paper: enough of a served contract to try connections with.
#pragma once

#include <capnp/message.h>
#include <schema/shaper.capnp.h>

#include "rpc/serve.h"

namespace covfefe::rpc {

class PaperShaper final : public Served<schema::ShaperForRouter> {
 public:
  using Served::Served;

  kj::Promise<void> status(StatusContext context) override {
    context.getResults().initStatus().setSentDatagrams(42);
    return kj::READY_NOW;
  }
};

class ThrowingShaper final : public Served<schema::ShaperForRouter> {
 public:
  using Served::Served;

  kj::Promise<void> status(StatusContext) override {
    return kj::Exception(kj::Exception::Type::FAILED, "secret/path.cc", 77,
                         kj::heapString("it went wrong"));
  }
};

class SilentShaper final : public Served<schema::ShaperForRouter> {
 public:
  using Served::Served;
  kj::Promise<void> status(StatusContext) override { return kj::NEVER_DONE; }
};

}  // namespace covfefe::rpc
