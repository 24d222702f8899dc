// SPDX-License-Identifier: Apache-2.0
#include "service_promises.h"

#include "quantity.h"

namespace covfefe::cli {
namespace {

constexpr Duration kReservePatience = Duration::seconds(6);
constexpr Duration kBeyond = Duration::seconds(9);  // of the router's own, a name to be asked for

double seconds(std::uint64_t milliseconds) {
  return static_cast<double>(milliseconds) / 1000.0;
}

std::uint64_t millis(Duration duration) {
  return static_cast<std::uint64_t>(duration.nanoseconds) / 1'000'000;
}

schema::Directions to_schema(Directions directions) {
  switch (directions) {
    case Directions::Both:
      return schema::Directions::BOTH;
    case Directions::Out:
      return schema::Directions::OUT;
    case Directions::In:
      return schema::Directions::IN;
  }
  return schema::Directions::BOTH;
}

schema::Intent to_schema(Intent intent) {
  switch (intent) {
    case Intent::Nothing:
      return schema::Intent::NOTHING;
    case Intent::OnlineUntil:
      return schema::Intent::ONLINE_UNTIL;
    case Intent::Leaving:
      return schema::Intent::LEAVING;
  }
  return schema::Intent::NOTHING;
}

std::string kind_name(schema::PromiseKind kind) {
  switch (kind) {
    case schema::PromiseKind::LEASE_GIVEN:
      return "given";
    case schema::PromiseKind::LEASE_TAKEN:
      return "taken";
    case schema::PromiseKind::ONLINE_UNTIL:
      return "online until";
    case schema::PromiseKind::LEAVING:
      return "leaving";
    case schema::PromiseKind::PLEASE:
      return "please";
    case schema::PromiseKind::NONE:
      break;
  }
  return "unknown";
}

std::string best_offer(schema::ReserveReply::Reader from) {
  std::string out;
  if (from.getBestRate() != 0)
    out = "it would give " + bytes_text(from.getBestRate()) + "/s for so long";
  if (from.getBestLastsMs() != 0) {
    out += out.empty() ? "it would give that for " : ", or that for ";
    out += span_text(seconds(from.getBestLastsMs()));
  }
  return out;
}

Outcome<ReserveView> reserve_view(schema::ReserveReply::Reader from) {
  if (from.getOk()) {
    return ReserveView{from.getId(), from.getPayloadRate(), from.getWireRate(),
                       seconds(from.getLastsMs()), said(from.getHow())};
  }
  Problem out{said(from.getWhy()), said(from.getNext())};
  if (out.what.empty()) out.what = "it was refused without a reason";
  if (const std::string offer = best_offer(from); !offer.empty()) {
    if (out.what.ends_with('.')) out.what.pop_back();
    out.what += "; " + offer;
  }
  return out;
}

Outcome<DoneView> done_view(schema::PromiseReply::Reader from) {
  if (from.getOk())
    return DoneView{said(from.getWhat()), said(from.getNext()), seconds(from.getLeftMs())};
  Problem out{said(from.getWhat()), said(from.getNext())};
  if (out.what.empty()) out.what = "it was refused without a reason";
  return out;
}

}  // namespace

PromiseView promise_view(schema::Promise::Reader from) {
  PromiseView out;
  out.id = from.getId();
  out.kind = kind_name(from.getKind());
  out.ours = from.getOurs();
  out.with = said(from.getWith());
  out.payload_rate = from.getPayloadRate();
  out.wire_rate = from.getWireRate();
  const bool lease = from.getKind() == schema::PromiseKind::LEASE_GIVEN ||
                     from.getKind() == schema::PromiseKind::LEASE_TAKEN;
  if (lease) out.lease_class = from.getClass() == schema::LeaseClass::BULK ? "bulk" : "realtime";
  out.starts_in_s = seconds(from.getStartsInMs());
  out.left_s = seconds(from.getLeftMs());
  out.state = said(from.getState());
  return out;
}

Outcome<ReserveView> reserve(Connection& router, const ReserveAsked& asked) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().reserveRequest();
  auto what = request.initRequest();
  what.setPeer(asked.peer);
  what.setPayloadRate(asked.payload_rate);
  what.setPacket(asked.packet);
  what.setClass(asked.as == LeaseClass::Bulk ? schema::LeaseClass::BULK
                                             : schema::LeaseClass::REALTIME);
  what.setDirections(to_schema(asked.directions));
  what.setStartsInMs(millis(asked.starts_in));
  what.setLastsMs(millis(asked.lasts));
  what.setTimeoutMs(static_cast<std::uint32_t>(millis(kReservePatience)));
  return call_and_read<ReserveView>({client, "router", kReservePatience + kBeyond}, kj::mv(request),
                                    [](auto& answer) { return reserve_view(answer.getReply()); });
}

Outcome<ReserveView> extend(Connection& router, std::uint32_t id, Duration by) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().extendRequest();
  request.setId(id);
  request.setByMs(millis(by));
  return call_and_read<ReserveView>({client, "router", kBeyond}, kj::mv(request),
                                    [](auto& answer) { return reserve_view(answer.getReply()); });
}

Outcome<DoneView> release(Connection& router, std::uint32_t id) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().releaseRequest();
  request.setId(id);
  return call_and_read<DoneView>({client, "router"}, kj::mv(request),
                                 [](auto& answer) { return done_view(answer.getReply()); });
}

Outcome<DoneView> intend(Connection& router, const IntendAsked& asked) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().intendRequest();
  request.setIntent(to_schema(asked.what));
  request.setInMs(millis(asked.in));
  return call_and_read<DoneView>({client, "router"}, kj::mv(request),
                                 [](auto& answer) { return done_view(answer.getReply()); });
}

Outcome<DoneView> please(Connection& router, const std::string& peer, Duration by) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().pleaseRequest();
  request.setPeer(peer);
  request.setByMs(millis(by));
  return call_and_read<DoneView>({client, "router", kBeyond}, kj::mv(request),
                                 [](auto& answer) { return done_view(answer.getReply()); });
}

Outcome<DoneView> answer(Connection& router, const AnswerAsked& asked) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().answerRequest();
  request.setPeer(asked.peer);
  request.setYes(asked.yes);
  request.setByMs(millis(asked.by));
  return call_and_read<DoneView>({client, "router"}, kj::mv(request),
                                 [](auto& reply) { return done_view(reply.getReply()); });
}

Outcome<PromisesView> promises(Connection& router) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().promisesRequest();
  return call_and_read<PromisesView>({client, "router"}, kj::mv(request),
                                     [](auto& answer) -> Outcome<PromisesView> {
                                       PromisesView out;
                                       for (const auto one : answer.getPromises())
                                         out.all.push_back(promise_view(one));
                                       out.left = answer.getLeft();
                                       return out;
                                     });
}

Outcome<AppliedView> apply_to_router(Connection& router, const std::string& text) {
  rpc::Client& client = router.client();
  auto request = client.as<schema::RouterOperator>().applyRequest();
  request.setConfig(text);
  return call_and_read<AppliedView>({client, "router"}, kj::mv(request),
                                    [](auto& answer) -> Outcome<AppliedView> {
                                      if (!answer.getOk())
                                        return Problem{said(answer.getWhy()), ""};
                                      AppliedView out;
                                      for (const auto one : answer.getChanged())
                                        out.changed.push_back(said(one));
                                      return out;
                                    });
}

}  // namespace covfefe::cli
