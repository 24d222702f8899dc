// SPDX-License-Identifier: Apache-2.0
// Questions to the data thread and their answers, each with a time limit: mail can be lost.
// Thread: control.
#pragma once

#include <map>

#include "mail.h"
#include "rpc/serve.h"

namespace covfefe::router {

class Questions {
 public:
  Questions(rpc::Service& service, DataMailbox& to_data) : service_(service), to_data_(to_data) {}

  kj::Promise<core::StatusReport> status();
  kj::Promise<core::PingReport> ping(const Address& peer, Duration timeout);
  kj::Promise<core::WhyReport> why(const Address& peer);
  kj::Promise<Measured> measure();
  // Fail with OVERLOADED when too many wait, the mailbox is full or no answer came in time.

  void answered(core::Answer answer);
  void answered(Measured answer);
  [[nodiscard]] std::uint64_t unanswered() const { return unanswered_; }

 private:
  using Reply = std::variant<core::Answer, Measured>;
  // On the heap between promises: g++ 12 takes a large variant inside kj::Maybe for uninitialised.
  kj::Promise<kj::Own<Reply>> ask(ToData mail, RequestId request, Duration limit);
  kj::Promise<core::Answer> query(core::Query query, Duration limit);
  void settle(RequestId request, Reply reply);

  rpc::Service& service_;
  DataMailbox& to_data_;
  std::map<std::uint64_t, kj::Own<kj::PromiseFulfiller<kj::Own<Reply>>>> waiting_;
  std::uint64_t next_ = 1;
  std::uint64_t unanswered_ = 0;
};

}  // namespace covfefe::router
