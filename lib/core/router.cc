// SPDX-License-Identifier: Apache-2.0
#include "core/router.h"

#include <algorithm>
#include <utility>

#include "core/above.h"
#include "core/link/links.h"
#include "crypto/drbg.h"

namespace covfefe::core {

namespace {

LinksConfig links_config(const RouterConfig& config) {
  return {config.static_key, config.boot, config.data_sockets};
}

using KeystoreAnswer = decltype(KeystoreReply::answer);

// Inputs are only lent, and what a handshake or a build made is kept.
KeystoreAnswer duplicate(const KeystoreAnswer& answer) {
  if (const auto* made = std::get_if<Established>(&answer)) {
    const LinkMasters& keys = made->masters;
    return Established{
        made->peer,      made->message,      {keys.send.duplicate(), keys.receive.duplicate()},
        made->peer_boot, made->peer_version, made->peer_flags};
  }
  if (const auto* begun = std::get_if<Initiated>(&answer)) return *begun;
  if (const auto* certified = std::get_if<Certified>(&answer)) return *certified;
  if (const auto* keys = std::get_if<OnionKeys>(&answer)) return *keys;
  if (const auto* opened = std::get_if<OpenedBuild>(&answer)) {
    return OpenedBuild{opened->record, opened->k1.duplicate(), opened->rest, opened->onion_key};
  }
  if (const auto* refused = std::get_if<Reject>(&answer)) return *refused;
  return Reject::Unexpected;
}

}  // namespace

struct Router::Parts {
  Parts(const RouterConfig& config, crypto::Drbg& drbg, wire::ControlCodec& codec)
      : random(drbg),
        links(links_config(config), drbg, codec),
        circuits({config.address, config.tun_mtu, config.static_key, config.policy}, links, drbg),
        promises(links, drbg),
        above(promises, circuits) {
    links.attach(above);
    promises.attach(circuits);
    circuits.attach(promises);
  }

  void on(const Timer&) {}
  void on(const Datagrams& in) { links.datagrams(in.all); }
  void on(const Packets& in) { circuits.packets(in.all); }
  void on(const Completions& in) { links.completions(in.all); }
  void on(const ShaperUp&) { links.shaper_up(); }
  void on(const ShaperDown&) { links.shaper_down(); }
  void on(const Clock& in) { circuits.clock(in.now); }
  void on(const FriendTable& in) { links.friends(in); }
  void on(const Remembered& in) { circuits.remembered(in); }
  void on(const KeystoreUp&);
  void on(const KeystoreDown&);
  void on(const KeystoreReply& in);
  void on(const ShaperReply& in) {
    if (!circuits.shaper_reply(in)) promises.shaper_reply(in);
  }
  void on(const LeasesKnown& in) {
    circuits.leases_known(in);
    promises.leases_known(in);
  }
  void on(const LeaseRevoked& in) {
    if (!circuits.lease_revoked(in)) promises.lease_revoked(in);
  }
  void on(const PromisePolicy& in) { promises.policy(in); }
  void on(const Query& in) {
    std::visit([&](const auto& what) { answer(in.request, what); }, in.what);
  }

  template <typename Question>
  void answer(RequestId request, const Question& what) {
    circuits.ask(request, what);
  }
  void answer(RequestId request, const StatusQuery& what);
  void answer(RequestId request, const WhyQuery& what);
  void answer(RequestId request, const ReserveQuery& what);
  void answer(RequestId request, const ExtendQuery& what);
  void answer(RequestId request, const ReleaseQuery& what);
  void answer(RequestId request, const IntendQuery& what) { promises.ask(request, what); }
  void answer(RequestId request, const PleaseQuery& what) { promises.ask(request, what); }
  void answer(RequestId request, const AnswerQuery& what) { promises.ask(request, what); }
  void answer(RequestId request, const PromisesQuery&);
  void tell(RequestId request, decltype(Answer::what) what) {
    effects->tell(Answer{request, std::move(what)});
  }

  crypto::Drbg& random;
  Links links;
  Circuits circuits;
  Promises promises;
  Above above;
  Instant now{};
  Effects* effects = nullptr;  // during a step
};

Router::Router(RouterConfig config, crypto::Drbg& random, wire::ControlCodec& codec)
    : parts_(std::make_unique<Parts>(config, random, codec)) {}

Router::~Router() = default;

void Router::step(const Input& input, Instant now, Effects& effects) {
  Parts& parts = *parts_;
  parts.now = now;
  parts.effects = &effects;
  parts.random.reseed_if_due(now);
  parts.circuits.begin(now, effects);
  parts.promises.begin(now, effects);
  parts.links.begin(now, effects);
  std::visit([&parts](const auto& what) { parts.on(what); }, input);
  if (now >= parts.links.next_deadline()) parts.links.timer();
  if (now >= parts.circuits.next_deadline()) parts.circuits.timer();
  if (const auto certify = parts.circuits.certify()) {
    const RequestId id = parts.links.next_request();
    parts.circuits.certify_asked(id);
    effects.ask({id, *certify});
  }
  // Links last: what the others send still belongs to this step of theirs.
  parts.promises.end();
  parts.circuits.end();
  parts.links.end();
  parts.effects = nullptr;
}

Instant Router::next_deadline() const {
  return std::min({parts_->links.next_deadline(), parts_->circuits.next_deadline(),
                   parts_->promises.next_deadline()});
}

std::uint64_t Router::heeded() const {
  return parts_->links.heeded();
}

void Router::Parts::on(const KeystoreUp&) {
  links.keystore_up();
  circuits.keystore_up();
}

void Router::Parts::on(const KeystoreDown&) {
  links.keystore_down();
  circuits.keystore_down();
}

void Router::Parts::on(const KeystoreReply& in) {
  KeystoreReply own{in.request, duplicate(in.answer)};
  if (!circuits.keystore_reply(own)) links.keystore_reply(own);
}

void Router::Parts::answer(RequestId request, const StatusQuery&) {
  StatusReport report;
  report.friends = circuits.friends();
  links.count(report.counters);
  circuits.count(report.counters);
  effects->tell(Answer{request, std::move(report)});
}

void Router::Parts::answer(RequestId request, const ReserveQuery& what) {
  if (promises.is_friend(what.peer)) return promises.ask(request, what);
  circuits.ask(request, what);
}

void Router::Parts::answer(RequestId request, const ExtendQuery& what) {
  if (Circuits::owns_promise(what.id)) return circuits.ask(request, what);
  if (promises.ask(request, what)) return;
  ReserveReport refused;
  refused.why = "This node has no promise of that number from anybody.";
  refused.next = "See covfefe promises for the numbers.";
  tell(request, std::move(refused));
}

void Router::Parts::answer(RequestId request, const ReleaseQuery& what) {
  if (Circuits::owns_promise(what.id)) return circuits.ask(request, what);
  if (promises.ask(request, what)) return;
  tell(request, PromiseDone{false,
                            "There is no promise of that number.",
                            "See covfefe promises for the numbers.",
                            {}});
}

void Router::Parts::answer(RequestId request, const PromisesQuery&) {
  PromisesReport report;
  promises.report(report);
  circuits.leases(report.all);
  tell(request, std::move(report));
}

void Router::Parts::answer(RequestId request, const WhyQuery& what) {
  WhyReport report;
  if (const auto link = circuits.find(what.peer)) {
    report.findings.push_back(
        {true, "The address " + format_address(what.peer) + " belongs to a friend.", ""});
    links.explain(*link, now, report.findings);
  }
  circuits.explain(what.peer, report.findings);
  effects->tell(Answer{request, std::move(report)});
}

}  // namespace covfefe::core
