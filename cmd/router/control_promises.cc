// SPDX-License-Identifier: Apache-2.0
#include "control_promises.h"

#include <algorithm>

#include "control_promise_reports.h"

namespace covfefe::router {
namespace {

constexpr Duration kPleasePatience = Duration::seconds(3);

void refuse(schema::PromiseReply::Builder to, const std::string& why, const std::string& next) {
  to.setWhat(why);
  to.setNext(next);
}

void no_friend(schema::PromiseReply::Builder to, const std::string& asked) {
  refuse(to, "there is no friend called " + asked.substr(0, 64),
         "covfefe friend list shows the names");
}

}  // namespace

PromisingOperator::PromisingOperator(const OperatorView& view)
    : Served(view.calls), view_(view), names_(view.peerdb, view.questions) {}

const FriendRecord* PromisingOperator::friend_named(const std::string& text) const {
  const auto address = parse_address(text);
  const auto& all = view_.peerdb.friends();
  const auto at = std::find_if(all.begin(), all.end(), [&](const FriendRecord& one) {
    return one.petname == text || (address && one.address == *address);
  });
  return at == all.end() ? nullptr : &*at;
}

kj::Promise<void> PromisingOperator::apply(ApplyContext context) {
  context.allowCancellation();
  const ConfigReply reply = view_.apply(rpc::text(context.getParams().getConfig()));
  context.releaseParams();
  auto results = context.getResults();
  results.setOk(reply.ok);
  results.setWhy(reply.why);
  auto list = results.initChanged(static_cast<capnp::uint>(reply.changed.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) list.set(i, reply.changed[i]);
  return kj::READY_NOW;
}

kj::Promise<void> PromisingOperator::reserve(ReserveContext context) {
  context.allowCancellation();
  auto asked = reserve_query(context.getParams().getRequest());
  if (const auto* const why = std::get_if<Refused>(&asked)) {
    context.getResults().initReply().setWhy(*why);
    return kj::READY_NOW;
  }
  auto looked = names_.look_up(rpc::text(context.getParams().getRequest().getPeer()));
  context.releaseParams();
  return looked.then([this, context, query = std::get<core::ReserveQuery>(asked)](
                         kj::Own<Named>&& who) mutable -> kj::Promise<void> {
    auto reply = context.getResults().initReply();
    if (!who->address) {
      reply.setWhy(who->why);
      reply.setNext(who->next);
      return kj::READY_NOW;
    }
    query.peer = *who->address;
    return view_.questions.reserve(query).then(
        [reply](core::ReserveReport&& report) mutable { write_reserve(report, reply); });
  });
}

kj::Promise<void> PromisingOperator::extend(ExtendContext context) {
  context.allowCancellation();
  const auto asked = extend_query(context.getParams().getId(), context.getParams().getByMs());
  context.releaseParams();
  auto reply = context.getResults().initReply();
  if (const auto* const why = std::get_if<Refused>(&asked)) {
    reply.setWhy(*why);
    return kj::READY_NOW;
  }
  return view_.questions.extend(std::get<core::ExtendQuery>(asked))
      .then([reply](core::ReserveReport&& report) mutable { write_reserve(report, reply); });
}

kj::Promise<void> PromisingOperator::release(ReleaseContext context) {
  context.allowCancellation();
  const std::uint32_t id = context.getParams().getId();
  context.releaseParams();
  auto reply = context.getResults().initReply();
  return view_.questions.release({id}).then(
      [reply](core::PromiseDone&& report) mutable { write_done(report, reply); });
}

kj::Promise<void> PromisingOperator::intend(IntendContext context) {
  context.allowCancellation();
  const auto params = context.getParams();
  const auto asked = intend_query(params.getIntent(), params.getInMs());
  context.releaseParams();
  auto reply = context.getResults().initReply();
  if (const auto* const why = std::get_if<Refused>(&asked)) {
    refuse(reply, *why, "");
    return kj::READY_NOW;
  }
  return view_.questions.intend(std::get<core::IntendQuery>(asked))
      .then([reply](core::PromiseDone&& report) mutable { write_done(report, reply); });
}

kj::Promise<void> PromisingOperator::please(PleaseContext context) {
  context.allowCancellation();
  const std::string peer = rpc::text(context.getParams().getPeer());
  const auto by = please_for(context.getParams().getByMs());
  context.releaseParams();
  auto reply = context.getResults().initReply();
  const FriendRecord* const whom = friend_named(peer);
  const auto* const length = std::get_if<Duration>(&by);
  if (whom == nullptr) {
    no_friend(reply, peer);
  } else if (length == nullptr || *length < Duration::minutes(1)) {
    refuse(reply, "a friend is asked for 1 minute to 24 hours", "");
  } else {
    return view_.questions.please({whom->id, *length, kPleasePatience})
        .then([reply](core::PromiseDone&& report) mutable { write_done(report, reply); });
  }
  return kj::READY_NOW;
}

kj::Promise<void> PromisingOperator::answer(AnswerContext context) {
  context.allowCancellation();
  const auto params = context.getParams();
  const std::string peer = rpc::text(params.getPeer());
  const bool yes = params.getYes();
  const auto by = please_for(params.getByMs());
  context.releaseParams();
  auto reply = context.getResults().initReply();
  const FriendRecord* const whom = friend_named(peer);
  const auto* const why = std::get_if<Refused>(&by);
  if (whom == nullptr) {
    no_friend(reply, peer);
  } else if (why != nullptr) {
    refuse(reply, *why, "");
  } else {
    return view_.questions.answer({whom->id, yes, std::get<Duration>(by)})
        .then([reply](core::PromiseDone&& report) mutable { write_done(report, reply); });
  }
  return kj::READY_NOW;
}

kj::Promise<void> PromisingOperator::promises(PromisesContext context) {
  context.allowCancellation();
  context.releaseParams();
  return view_.questions.promises().then([context](core::PromisesReport&& report) mutable {
    auto results = context.getResults();
    const std::size_t shown = std::min(report.all.size(), kMostPromisesShown);
    auto list = results.initPromises(static_cast<capnp::uint>(shown));
    for (capnp::uint i = 0; i < list.size(); ++i) write_promise(report.all[i], list[i]);
    results.setLeft(static_cast<std::uint32_t>(report.all.size() - shown));
  });
}

}  // namespace covfefe::router
