// SPDX-License-Identifier: Apache-2.0
// Questions to the data thread and their answers, each with a time limit: mail can be lost.
// Thread: control.
#pragma once

#include <map>

#include "mail.h"
#include "rpc/serve.h"

namespace covfefe::router {

enum class Face : std::uint8_t { Own, Once };
// What far ends see of this node: its own address or a fresh one that is used once.

class Questions {
 public:
  Questions(rpc::Service& service, DataMailbox& to_data) : service_(service), to_data_(to_data) {}

  kj::Promise<core::StatusReport> status();
  kj::Promise<core::PingReport> ping(const core::PingQuery& what);
  kj::Promise<core::WhyReport> why(const Address& peer);
  kj::Promise<core::CircuitsReport> circuits();
  kj::Promise<core::PathReport> path(const Address& peer);
  kj::Promise<core::CircuitsReport> open(const core::CircuitNew& what);
  kj::Promise<core::CircuitClosed> close(std::uint32_t circuit);
  kj::Promise<core::NameReport> name(core::NameQuery what);
  kj::Promise<core::IdentityReport> identity(Face face);
  kj::Promise<core::ReserveReport> reserve(const core::ReserveQuery& what);
  kj::Promise<core::ReserveReport> extend(const core::ExtendQuery& what);
  kj::Promise<core::PromiseDone> release(core::ReleaseQuery what);
  kj::Promise<core::PromiseDone> intend(core::IntendQuery what);
  kj::Promise<core::PromiseDone> please(core::PleaseQuery what);
  kj::Promise<core::PromiseDone> answer(core::AnswerQuery what);
  kj::Promise<core::PromisesReport> promises();
  kj::Promise<Measured> measure();
  // Fail with OVERLOADED when too many wait, the mailbox is full or no answer came in time.

  void answered(core::Answer answer);
  void answered(Measured answer);
  [[nodiscard]] std::uint64_t unanswered() const { return unanswered_; }

 private:
  using Reply = std::variant<core::Answer, Measured>;
  // On the heap between promises: g++ 12 takes a large variant inside kj::Maybe for uninitialised.
  kj::Promise<kj::Own<Reply>> ask(ToData mail, RequestId request, Duration limit);
  template <typename Report, typename Question>
  kj::Promise<Report> query(Question question, Duration limit);
  void settle(RequestId request, Reply reply);

  rpc::Service& service_;
  DataMailbox& to_data_;
  std::map<std::uint64_t, kj::Own<kj::PromiseFulfiller<kj::Own<Reply>>>> waiting_;
  std::uint64_t next_ = 1;
  std::uint64_t unanswered_ = 0;
};

}  // namespace covfefe::router
