// SPDX-License-Identifier: Apache-2.0
// A control thread without its process: one KJ loop, the mailbox to the data thread and a log that
// keeps quiet. run() turns the loop until a promise is done.
#pragma once

#include <doctest/doctest.h>

#include <vector>

#include "cmd/router/control_operator.h"
#include "crypto/entropy.h"

namespace covfefe::router {

class QuietLog final : public Log {
 public:
  void write(Level, std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class CountingEntropy final : public crypto::Entropy {
 public:
  void fill(MutableBytes out) override {
    ++next_;
    for (auto& byte : out) byte = next_;
  }

 private:
  std::uint8_t next_ = 0;
};

struct Desk {
  std::unique_ptr<rpc::Service> service;
  std::unique_ptr<DataMailbox> to_data;
  QuietLog log;
  CountingEntropy entropy;

  Desk() {
    auto made = rpc::Service::make();
    REQUIRE(made.ok());
    service = std::move(*made);
    auto mailbox = DataMailbox::create(4);
    REQUIRE(mailbox.ok());
    to_data = std::move(*mailbox);
  }

  void run(kj::Promise<void> until) {
    service->run_beside(until.then([this] { service->stop(); },
                                   [this](kj::Exception&& failed) {
                                     failure = rpc::from_exception(failed);
                                     service->stop();
                                   }));
    service->run_beside(service->timer().afterDelay(20 * kj::SECONDS).then([this] {
      late = true;
      service->stop();
    }));
    CHECK(service->run().ok());
    CHECK_FALSE(late);
  }
  // Once in a test: the loop ends with it.

  kj::Promise<void> turns() { return service->timer().afterDelay(20 * kj::MILLISECONDS); }
  // Long enough for everything that is due now; nothing depends on how long.

  kj::Promise<void> later(kj::Duration pause) {
    return service->timer().afterDelay(pause).then([this] { return turns(); });
  }
  // And all that was due by then is done, however late this process was woken.

  std::vector<ToData> mail() {
    std::vector<ToData> out;
    to_data->drain([&out](ToData one) { out.push_back(std::move(one)); });
    return out;
  }

  kj::Maybe<rpc::CallError> failure;
  bool late = false;
};

inline FriendRecord friend_named(const char* petname, std::uint32_t id) {
  FriendRecord out;
  out.id = {id};
  out.petname = petname;
  out.trust = TrustLevel::Met;
  out.identity_key.fill(static_cast<std::uint8_t>(0x80 + id));
  out.static_key.fill(static_cast<std::uint8_t>(id));
  out.address.bytes = {0xfd};
  out.address.bytes[15] = static_cast<std::uint8_t>(id);
  return out;
}

}  // namespace covfefe::router
