// SPDX-License-Identifier: Apache-2.0
#include "control_operator.h"

#include <algorithm>

#include "os/clock.h"

namespace covfefe::router {
namespace {

using schema::RouterOperator;

constexpr std::uint32_t kLongestPingMs = 60'000;
constexpr std::uint32_t kUsualPingMs = 2'000;
constexpr std::uint64_t kNeverHeard = UINT64_MAX;

std::uint32_t micros(Duration duration) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(duration.nanoseconds / 1'000, 0, UINT32_MAX));
}

schema::LinkState state_of(core::LinkState state) {
  switch (state) {
    case core::LinkState::Down:
      return schema::LinkState::DOWN;
    case core::LinkState::Handshaking:
      return schema::LinkState::HANDSHAKING;
    case core::LinkState::Up:
      return schema::LinkState::UP;
  }
  return schema::LinkState::DOWN;
}

void write_report(const core::FriendReport& from, schema::FriendStatus::Builder to) {
  to.setState(state_of(from.state));
  if (from.state == core::LinkState::Up) to.setPath("direct " + format_endpoint(from.remote));
  to.setRttMicros(micros(from.rtt));
  to.setRxBytes(from.rx_bytes);
  to.setTxBytes(from.tx_bytes);
  to.setSessionUp(from.session_up);
  to.setSmallMode(from.small_mode);
  to.setDataSockets(from.data_sockets);
  if (!from.last_heard.is_never()) {
    const Duration ago = os::monotonic_now() - from.last_heard;
    to.setLastHeardMs(static_cast<std::uint64_t>(std::max<std::int64_t>(ago.nanoseconds, 0)) /
                      1'000'000);
  }
  to.setHandshakeFailure(from.handshake_failure);
}

struct Finding {
  bool ok;
  std::string what;
  std::string next;
};

void write_findings(const std::vector<Finding>& from, RouterOperator::WhyResults::Builder to) {
  auto list = to.initFindings(static_cast<capnp::uint>(from.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) {
    list[i].setOk(from[i].ok);
    list[i].setWhat(from[i].what);
    list[i].setNext(from[i].next);
  }
}

class Operator final : public rpc::Served<RouterOperator> {
 public:
  explicit Operator(const OperatorView& view) : Served(view.calls), view_(view) {}

 protected:
  // Every call may be cancelled: the library would else keep it, and what it refers to, waiting for
  // an answer when whoever asked is long gone.
  kj::Promise<void> status(StatusContext context) override {
    context.allowCancellation();
    context.releaseParams();
    return view_.questions.status().then([this, context](core::StatusReport&& report) mutable {
      write_status(report, context.getResults().initStatus());
    });
  }

  kj::Promise<void> ping(PingContext context) override {
    context.allowCancellation();
    const std::string peer = rpc::text(context.getParams().getPeer());
    const std::uint32_t asked = context.getParams().getTimeoutMs();
    const std::uint32_t limit = asked == 0 ? kUsualPingMs : std::min(asked, kLongestPingMs);
    context.releaseParams();
    const auto address = address_of(peer);
    if (!address) {
      auto reply = context.getResults().initReply();
      reply.setWhy("there is no friend called " + peer);
      return kj::READY_NOW;
    }
    return view_.questions.ping(*address, Duration::millis(limit))
        .then([context](core::PingReport&& report) mutable {
          auto reply = context.getResults().initReply();
          reply.setOk(report.ok);
          reply.setRttMicros(static_cast<std::uint64_t>(report.rtt.nanoseconds) / 1'000);
          reply.setPath(report.path);
          reply.setWhy(report.why);
        });
  }

  kj::Promise<void> why(WhyContext context) override {
    context.allowCancellation();
    const std::string peer = rpc::text(context.getParams().getPeer());
    context.releaseParams();
    auto findings = kj::heap<std::vector<Finding>>(own_findings());
    const auto address = address_of(peer);
    if (!address) {
      findings->push_back({false, "there is no friend called " + peer,
                           "covfefe friend list shows the names; covfefe friend add makes one"});
      write_findings(*findings, context.getResults());
      return kj::READY_NOW;
    }
    return view_.shaper()
        .then([this, &list = *findings, where = *address](std::string&& sentence) {
          if (!sentence.empty()) list.push_back({true, sentence, ""});
          return view_.questions.why(where);
        })
        .then([&list = *findings, context](core::WhyReport&& report) mutable {
          for (core::Finding& one : report.findings) list.push_back({one.ok, one.what, one.next});
          write_findings(list, context.getResults());
        })
        .attach(kj::mv(findings));
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
  void write_status(const core::StatusReport& report, schema::RouterStatus::Builder to) {
    to.setName(view_.name);
    to.setAddress(rpc::as_data(view_.address.bytes));
    to.setTunAttached(view_.attached.tun);
    to.setKeystoreAttached(view_.keystore.attached());
    to.setPeerdbAttached(view_.peerdb.attached());
    to.setShaperAttached(view_.attached.shaper);
    to.setKeystoreLocked(view_.keystore.locked());
    const auto& friends = view_.peerdb.friends();
    auto list = to.initFriends(static_cast<capnp::uint>(friends.size()));
    for (capnp::uint i = 0; i < list.size(); ++i) {
      const FriendRecord& record = friends[i];
      list[i].setFriendId(record.id.value);
      list[i].setPetname(record.petname);
      list[i].setAddress(rpc::as_data(record.address.bytes));
      list[i].setTrust(rpc::to_schema(record.trust));
      list[i].setLastHeardMs(kNeverHeard);
      const auto at = std::find_if(report.friends.begin(), report.friends.end(),
                                   [&record](const auto& one) { return one.id == record.id; });
      if (at != report.friends.end()) write_report(*at, list[i]);
    }
  }

  [[nodiscard]] std::optional<Address> address_of(const std::string& peer) const {
    for (const FriendRecord& one : view_.peerdb.friends()) {
      if (one.petname == peer) return one.address;
    }
    const auto address = parse_address(peer);
    return address && address->is_overlay() ? address : std::nullopt;
  }

  [[nodiscard]] std::vector<Finding> own_findings() const {
    std::vector<Finding> out;
    const auto say = [&out](bool ok, const char* good, const char* bad, const char* next) {
      out.push_back({ok, ok ? good : bad, ok ? "" : next});
    };
    say(view_.attached.tun, "the TUN device is attached", "there is no TUN device",
        "covfefe inspect tun-helper says why");
    say(view_.attached.shaper, "the shaper is attached",
        "the shaper is not attached: nothing can be sent",
        "it comes back by itself; covfefe inspect shaper says why if it does not");
    say(view_.peerdb.attached(), "peerdb is attached",
        "peerdb is away: friends are as they were read last",
        "it comes back by itself; its log says why if it does not");
    if (!view_.keystore.attached()) {
      say(false, "", "the keystore is away: links that are up go on, new handshakes wait",
          "it comes back by itself; its log says why if it does not");
    } else if (view_.keystore.locked()) {
      say(false, "", "the keystore is locked: new handshakes wait", "unlock it: covfefe unlock");
    } else {
      say(!view_.keystore.foreign(), "the keystore answers",
          "the keystore holds other keys than identity.yaml names",
          "restore keys.sealed and identity.yaml of the same node");
    }
    return out;
  }

  const OperatorView& view_;
};

}  // namespace

capnp::Capability::Client operator_capability(const OperatorView& view) {
  return kj::heap<Operator>(view);
}

}  // namespace covfefe::router
