// SPDX-License-Identifier: Apache-2.0
#include "questions.h"

namespace covfefe::router {
namespace {

constexpr std::size_t kMostWaiting = 64;
constexpr Duration kPatience = Duration::seconds(2);

kj::Exception no_answer(const char* why) {
  return rpc::to_exception(rpc::CallFailure::Overloaded, why);
}

template <typename Report>
Report report_in(core::Answer&& answer) {
  if (auto* report = std::get_if<Report>(&answer.what)) return std::move(*report);
  return {};
}

}  // namespace

kj::Promise<kj::Own<Questions::Reply>> Questions::ask(ToData mail, RequestId request, Duration limit) {
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

kj::Promise<core::Answer> Questions::query(core::Query query, Duration limit) {
  const RequestId request = query.request;
  return ask(std::move(query), request, limit).then([](kj::Own<Reply>&& reply) {
    if (auto* answer = std::get_if<core::Answer>(reply.get())) return std::move(*answer);
    return core::Answer{};
  });
}

kj::Promise<core::StatusReport> Questions::status() {
  return query({{next_++}, core::StatusQuery{}}, kPatience).then([](core::Answer&& a) {
    return report_in<core::StatusReport>(kj::mv(a));
  });
}

kj::Promise<core::PingReport> Questions::ping(const Address& peer, Duration timeout) {
  return query({{next_++}, core::PingQuery{peer, timeout}}, timeout + kPatience)
      .then([](core::Answer&& a) { return report_in<core::PingReport>(kj::mv(a)); });
}

kj::Promise<core::WhyReport> Questions::why(const Address& peer) {
  return query({{next_++}, core::WhyQuery{peer}}, kPatience).then([](core::Answer&& a) {
    return report_in<core::WhyReport>(kj::mv(a));
  });
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
