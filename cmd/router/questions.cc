// SPDX-License-Identifier: Apache-2.0
#include "questions.h"

namespace covfefe::router {
namespace {

constexpr std::size_t kMostWaiting = 64;
constexpr Duration kPatience = Duration::seconds(2);

kj::Exception no_answer(const char* why) {
  return rpc::to_exception(rpc::CallFailure::Overloaded, why);
}

}  // namespace

kj::Promise<kj::Own<Questions::Reply>> Questions::ask(ToData mail, RequestId request,
                                                      Duration limit) {
  if (waiting_.size() >= kMostWaiting) return no_answer("too many questions at once");
  if (to_data_.push(std::move(mail)) == os::Posted::Dropped) {
    return no_answer("the packet thread is too busy to be asked");
  }
  auto pair = kj::newPromiseAndFulfiller<kj::Own<Reply>>();
  waiting_.emplace(request.value, kj::mv(pair.fulfiller));
  auto late = service_.timer()
                  .afterDelay(limit.nanoseconds * kj::NANOSECONDS)
                  .then([this, request]() -> kj::Promise<kj::Own<Reply>> {
                    ++unanswered_;
                    if (const auto at = waiting_.find(request.value); at != waiting_.end()) {
                      at->second->reject(no_answer("the packet thread did not answer in time"));
                    }
                    return kj::NEVER_DONE;
                  });
  // Also when whoever asked has gone: its place is free again.
  auto forget = kj::defer([this, request] { waiting_.erase(request.value); });
  return pair.promise.exclusiveJoin(kj::mv(late)).attach(kj::mv(forget));
}

template <typename Report, typename Question>
kj::Promise<Report> Questions::query(Question question, Duration limit) {
  const RequestId request{next_++};
  ToData mail;
  mail.emplace<core::Query>().request = request;
  std::get<core::Query>(mail).what.emplace<Question>(std::move(question));
  return ask(std::move(mail), request, limit).then([](kj::Own<Reply>&& reply) {
    if (auto* answer = std::get_if<core::Answer>(reply.get())) {
      if (auto* report = std::get_if<Report>(&answer->what)) return std::move(*report);
    }
    return Report{};
  });
}

kj::Promise<core::StatusReport> Questions::status() {
  return query<core::StatusReport>(core::StatusQuery{}, kPatience);
}

kj::Promise<core::PingReport> Questions::ping(const core::PingQuery& what) {
  return query<core::PingReport>(what, what.timeout + kPatience);
}

kj::Promise<core::WhyReport> Questions::why(const Address& peer) {
  return query<core::WhyReport>(core::WhyQuery{peer}, kPatience);
}

kj::Promise<core::CircuitsReport> Questions::circuits() {
  return query<core::CircuitsReport>(core::CircuitsQuery{}, kPatience);
}

kj::Promise<core::PathReport> Questions::path(const Address& peer) {
  return query<core::PathReport>(core::PathQuery{peer}, kPatience);
}

kj::Promise<core::CircuitsReport> Questions::open(const core::CircuitNew& what) {
  return query<core::CircuitsReport>(what, what.timeout + kPatience);
}

kj::Promise<core::CircuitClosed> Questions::close(std::uint32_t circuit) {
  return query<core::CircuitClosed>(core::CircuitClose{circuit}, kPatience);
}

kj::Promise<core::NameReport> Questions::name(core::NameQuery what) {
  const Duration limit = what.timeout + kPatience;
  return query<core::NameReport>(std::move(what), limit);
}

kj::Promise<core::IdentityReport> Questions::identity(Face face) {
  if (face == Face::Once) return query<core::IdentityReport>(core::IdentityNew{}, kPatience);
  return query<core::IdentityReport>(core::IdentityDrop{}, kPatience);
}

kj::Promise<core::ReserveReport> Questions::reserve(const core::ReserveQuery& what) {
  return query<core::ReserveReport>(what, what.timeout + kPatience);
}

kj::Promise<core::ReserveReport> Questions::extend(const core::ExtendQuery& what) {
  return query<core::ReserveReport>(what, what.timeout + kPatience);
}

kj::Promise<core::PromiseDone> Questions::release(core::ReleaseQuery what) {
  return query<core::PromiseDone>(what, kPatience);
}

kj::Promise<core::PromiseDone> Questions::intend(core::IntendQuery what) {
  return query<core::PromiseDone>(what, kPatience);
}

kj::Promise<core::PromiseDone> Questions::please(core::PleaseQuery what) {
  return query<core::PromiseDone>(what, what.timeout + kPatience);
}

kj::Promise<core::PromiseDone> Questions::answer(core::AnswerQuery what) {
  return query<core::PromiseDone>(what, kPatience);
}

kj::Promise<core::PromisesReport> Questions::promises() {
  return query<core::PromisesReport>(core::PromisesQuery{}, kPatience);
}

kj::Promise<Measured> Questions::measure() {
  const RequestId request{next_++};
  return ask(MeasureQuery{request}, request, kPatience).then([](kj::Own<Reply>&& reply) {
    if (auto* measured = std::get_if<Measured>(reply.get())) return std::move(*measured);
    return Measured{};
  });
}

void Questions::answered(core::Answer answer) {
  const RequestId request = answer.request;
  settle(request, std::move(answer));
}

void Questions::answered(Measured answer) {
  const RequestId request = answer.request;
  settle(request, std::move(answer));
}

// An answer that nobody waits for any more came late: its question was counted already.
void Questions::settle(RequestId request, Reply reply) {
  const auto at = waiting_.find(request.value);
  if (at == waiting_.end()) return;
  auto fulfiller = kj::mv(at->second);
  waiting_.erase(at);
  fulfiller->fulfill(kj::heap<Reply>(kj::mv(reply)));
}

}  // namespace covfefe::router
