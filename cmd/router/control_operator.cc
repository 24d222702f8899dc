// SPDX-License-Identifier: Apache-2.0
#include "control_operator.h"

#include <algorithm>

#include "control_findings.h"
#include "control_promise_reports.h"
#include "control_promises.h"
#include "control_reports.h"

namespace covfefe::router {
namespace {

constexpr std::uint32_t kLongestMs = 60'000;
constexpr std::uint32_t kUsualPingMs = 2'000;
constexpr std::uint32_t kUsualBuildMs = 5'000;
constexpr std::uint64_t kNeverHeard = UINT64_MAX;

Duration limit_of(std::uint32_t asked_ms, std::uint32_t usual_ms) {
  return Duration::millis(asked_ms == 0 ? usual_ms : std::min(asked_ms, kLongestMs));
}

// What status gathers from the packet thread, one question after the other.
struct Known {
  core::StatusReport status;
  core::CircuitsReport circuits;
  core::PromisesReport promises;
};

class Operator final : public PromisingOperator {
 public:
  using PromisingOperator::PromisingOperator;

 protected:
  // Every call may be cancelled: the library would else keep it, and what it refers to, waiting for
  // an answer when whoever asked is long gone.
  kj::Promise<void> status(StatusContext context) override {
    context.allowCancellation();
    context.releaseParams();
    auto known = kj::heap<Known>();
    return view_.questions.status()
        .then([this, &to = *known](core::StatusReport&& report) {
          to.status = std::move(report);
          return view_.questions.circuits();
        })
        .then([this, &to = *known](core::CircuitsReport&& report) {
          to.circuits = std::move(report);
          return view_.questions.promises();
        })
        .then([this, context, known = kj::mv(known)](core::PromisesReport&& report) mutable {
          known->promises = std::move(report);
          auto to = context.getResults().initStatus();
          write_status(to);
          write_friends(*known, to);
          write_counts(known->circuits, to.initCircuits());
          write_announced(known->promises, to);
        });
  }

  kj::Promise<void> ping(PingContext context) override {
    context.allowCancellation();
    const auto params = context.getParams();
    core::PingQuery query{{},
                          limit_of(params.getTimeoutMs(), kUsualPingMs),
                          params.getHops() ? core::Hops::Timed : core::Hops::Untimed};
    auto looked = names_.look_up(rpc::text(params.getPeer()));
    context.releaseParams();
    return looked.then([this, context, query](kj::Own<Named>&& who) mutable -> kj::Promise<void> {
      if (!who->address) {
        auto reply = context.getResults().initReply();
        reply.setWhy(who->why);
        reply.setNext(who->next);
        return kj::READY_NOW;
      }
      query.peer = *who->address;
      return view_.questions.ping(query).then([context](core::PingReport&& report) mutable {
        write_ping(report, context.getResults().initReply());
      });
    });
  }

  kj::Promise<void> why(WhyContext context) override {
    context.allowCancellation();
    auto looked = names_.look_up(rpc::text(context.getParams().getPeer()));
    context.releaseParams();
    return looked.then([this, context](kj::Own<Named>&& who) mutable -> kj::Promise<void> {
      auto findings = kj::heap<std::vector<core::Finding>>(own_findings(view_));
      if (!who->address) {
        findings->push_back({false, who->why, who->next});
        write_findings(*findings, context.getResults());
        return kj::READY_NOW;
      }
      return explain(*who->address, *findings, context).attach(kj::mv(findings));
    });
  }

  kj::Promise<void> resolve(ResolveContext context) override {
    context.allowCancellation();
    auto looked = names_.look_up(rpc::text(context.getParams().getPeer()));
    context.releaseParams();
    return looked.then([context](kj::Own<Named>&& who) mutable {
      write_looked(*who, context.getResults().initPeer());
    });
  }

  kj::Promise<void> circuits(CircuitsContext context) override {
    context.allowCancellation();
    const std::string peer = rpc::text(context.getParams().getPeer());
    context.releaseParams();
    if (peer.empty()) return all_circuits(context);
    return names_.look_up(peer).then(
        [this, context](kj::Own<Named>&& who) mutable -> kj::Promise<void> {
          write_looked(*who, context.getResults().initReply().initPeer());
          if (!who->address) return kj::READY_NOW;
          return circuits_to(*who->address, context);
        });
  }

  kj::Promise<void> path(PathContext context) override {
    context.allowCancellation();
    auto looked = names_.look_up(rpc::text(context.getParams().getPeer()));
    context.releaseParams();
    return looked.then([this, context](kj::Own<Named>&& who) mutable -> kj::Promise<void> {
      auto reply = context.getResults().initReply();
      write_looked(*who, reply.initPeer());
      if (!who->address) {
        reply.setWhy(who->why);
        reply.setNext(who->next);
        return kj::READY_NOW;
      }
      reply.setNext(who->next);
      return view_.questions.path(*who->address).then([reply](core::PathReport&& report) mutable {
        write_path(report, reply);
        if (reply.getOk()) reply.setNext("");
      });
    });
  }

  kj::Promise<void> newCircuit(NewCircuitContext context) override {
    context.allowCancellation();
    const Duration limit = limit_of(context.getParams().getTimeoutMs(), kUsualBuildMs);
    auto looked = names_.look_up(rpc::text(context.getParams().getPeer()));
    context.releaseParams();
    return looked.then([this, context, limit](kj::Own<Named>&& who) mutable -> kj::Promise<void> {
      auto reply = context.getResults().initReply();
      reply.setWhy(who->why);
      reply.setNext(who->next);
      if (!who->address) return kj::READY_NOW;
      return build({*who->address, limit}, reply);
    });
  }

  kj::Promise<void> closeCircuit(CloseCircuitContext context) override {
    context.allowCancellation();
    const std::uint32_t id = context.getParams().getId();
    context.releaseParams();
    return view_.questions.close(id).then([context](core::CircuitClosed&& report) mutable {
      auto results = context.getResults();
      results.setOk(report.ok);
      results.setWhy(report.why);
      if (!report.ok) results.setNext("covfefe circuits shows the numbers");
    });
  }

  kj::Promise<void> identityNew(IdentityNewContext context) override {
    context.allowCancellation();
    context.releaseParams();
    return view_.questions.identity(Face::Once).then([context](core::IdentityReport&& now) mutable {
      write_identity(now, context.getResults().initIdentity());
    });
  }

  kj::Promise<void> identityDrop(IdentityDropContext context) override {
    context.allowCancellation();
    context.releaseParams();
    return view_.questions.identity(Face::Own).then([context](core::IdentityReport&& now) mutable {
      write_identity(now, context.getResults().initIdentity());
    });
  }

  kj::Promise<void> inspect(InspectContext context) override {
    context.allowCancellation();
    context.releaseParams();
    return view_.questions.measure().then([this, context](Measured&& measured) mutable {
      return view_.questions.status().then(
          [this, context, kept = kj::mv(measured)](core::StatusReport&& report) mutable {
            rpc::write_inspection(view_.describe(kj::mv(kept), kj::mv(report)),
                                  context.getResults().initInspection());
          });
    });
  }

 private:
  void write_status(schema::RouterStatus::Builder to) {
    to.setName(view_.name);
    to.setAddress(rpc::as_data(view_.address.bytes));
    to.setTunAttached(view_.attached.tun);
    to.setKeystoreAttached(view_.keystore.attached());
    to.setPeerdbAttached(view_.peerdb.attached());
    to.setShaperAttached(view_.attached.shaper);
    to.setKeystoreLocked(view_.keystore.locked());
  }

  void write_friends(const Known& known, schema::RouterStatus::Builder to) {
    const auto& [report, circuits, promises] = known;
    const auto& friends = view_.peerdb.friends();
    auto list = to.initFriends(static_cast<capnp::uint>(friends.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) {
      const FriendRecord& record = friends[i];
      list[i].setFriendId(record.id.value);
      list[i].setPetname(record.petname);
      list[i].setAddress(rpc::as_data(record.address.bytes));
      list[i].setTrust(rpc::to_schema(record.trust));
      list[i].setLastHeardMs(kNeverHeard);
      list[i].setIdle(schema::IdleLane::OFF);
      list[i].setPeerIdle(schema::IdleLane::OFF);
      const auto at = std::find_if(report.friends.begin(), report.friends.end(),
                                   [&record](const auto& one) { return one.id == record.id; });
      if (at != report.friends.end()) write_friend_report(*at, list[i]);
      const auto through =
          std::find_if(circuits.relayed.begin(), circuits.relayed.end(),
                       [&record](const auto& one) { return one.from == record.id; });
      if (through != circuits.relayed.end()) write_relayed(*through, list[i].initRelayed());
      write_promises_of(promises, record.id, list[i]);
    }
  }

  kj::Promise<void> explain(const Address& peer, std::vector<core::Finding>& list,
                            WhyContext context) {
    return view_.shaper()
        .then([this, &list, peer](std::string&& sentence) {
          if (!sentence.empty()) list.push_back({true, sentence, ""});
          return view_.questions.why(peer);
        })
        .then([&list, context](core::WhyReport&& report) mutable {
          for (core::Finding& one : report.findings) list.push_back(std::move(one));
          write_findings(list, context.getResults());
        });
  }

  kj::Promise<void> all_circuits(CircuitsContext context) {
    return view_.questions.circuits().then([this, context](core::CircuitsReport&& report) mutable {
      auto reply = context.getResults().initReply();
      reply.initPeer().setOk(true);
      write_circuits(report.circuits, names_, reply);
      auto list = reply.initRelayed(static_cast<capnp::uint>(report.relayed.size()));
      for (capnp::uint i = 0; i < list.size(); ++i) {
        const FriendRecord* const from = view_.peerdb.find(report.relayed[i].from);
        list[i].setPetname(from != nullptr ? from->petname : "a friend of before");
        write_relayed(report.relayed[i], list[i]);
      }
    });
  }

  kj::Promise<void> circuits_to(const Address& peer, CircuitsContext context) {
    return view_.questions.circuits().then(
        [this, context, peer](core::CircuitsReport&& report) mutable {
          std::erase_if(report.circuits, [&peer](const auto& one) { return one.to != peer; });
          write_circuits(report.circuits, names_, context.getResults().getReply());
        });
  }

  // What no way leads to is refused at once and in the words of the rule: a build would wait for a
  // way to appear.
  kj::Promise<void> build(const core::CircuitNew& what, schema::NewCircuitReply::Builder reply) {
    return view_.questions.path(what.peer).then(
        [this, what, reply](core::PathReport&& path) mutable -> kj::Promise<void> {
          const bool any = std::any_of(path.options.begin(), path.options.end(),
                                       [](const auto& option) { return option.chosen; });
          if (!any) {
            reply.setWhy(path.why.empty() ? "no way leads there" : path.why);
            return kj::READY_NOW;
          }
          return view_.questions.open(what).then(
              [this, reply](core::CircuitsReport&& report) mutable { opened(report, reply); });
        });
  }

  void opened(const core::CircuitsReport& report, schema::NewCircuitReply::Builder reply) {
    const bool ok = !report.circuits.empty() && report.why.empty();
    reply.setOk(ok);
    if (!ok) return reply.setWhy(report.why.empty() ? "no circuit was built" : report.why);
    write_circuit(report.circuits.back(), names_, reply.initCircuit());
    reply.setNext("");
  }
};

}  // namespace

capnp::Capability::Client operator_capability(const OperatorView& view) {
  return kj::heap<Operator>(view);
}

}  // namespace covfefe::router
