// SPDX-License-Identifier: Apache-2.0
// Everything above the links: who can be reached, circuits, end-to-end sessions, and the packets in
// them. One step of the router is begin(), any number of calls and events, end(). Thread: data.
#pragma once

#include <span>
#include <vector>

#include "core/circuit/ingress.h"
#include "core/circuit/intake.h"
#include "core/circuit/orders.h"
#include "core/circuit/pings.h"
#include "core/circuit/sessions.h"
#include "core/io.h"
#include "core/promise/leaving.h"

namespace covfefe::core {

struct CircuitsConfig {
  Address address;  // own
  std::size_t mtu = 1280;
  StaticKey static_key{};  // own
  CircuitPolicy policy;
};

class Circuits final : public LinkEvents, public LeavingEvents {
 public:
  Circuits(const CircuitsConfig& config, CellSink& sink, crypto::Drbg& random);
  // sink and random are borrowed for the object's life.

  void begin(Instant now, Effects& effects);
  void end();
  // Sends and delivers all that the step gathered. Between the two `effects` is borrowed.

  void packets(std::span<const ByteView> all) { intake_.packets(all); }
  void clock(WallTime wall);
  void remembered(const Remembered& what);
  void keystore_up();
  void keystore_down();
  [[nodiscard]] std::optional<Certify> certify();
  // A question for the keystore, if it is time for one; certify_asked with its id must follow.
  void certify_asked(RequestId id) { shared_.identity.asked(id); }
  bool keystore_reply(KeystoreReply& reply);
  // False: not ours, and untouched.

  // ---- the shaper (circuit_leases.cc) -----------------------------------------------------------
  void attach(LinkLeases& leases) { shared_.link_leases = &leases; }
  // What friends keep for this node; borrowed for the object's life. Without: nothing.
  bool shaper_reply(const ShaperReply& reply);
  // False: not ours.
  void leases_known(const LeasesKnown& known);
  // Those of circuits that are no more are released; others are not looked at.
  bool lease_revoked(const LeaseRevoked& what);
  // False: no circuit's.
  void leases(std::vector<PromiseReport>& out) const;
  // Of circuits to third parties that the operator reserved.
  [[nodiscard]] static bool owns_promise(std::uint32_t id);
  // ReserveQuery for who is no friend, ExtendQuery and ReleaseQuery of these numbers come here.

  void timer();
  [[nodiscard]] Instant next_deadline() const;

  // ---- questions of the operator (questions.cc, circuit_questions.cc) ---------------------------
  void ask(RequestId request, const PingQuery& query);
  void ask(RequestId request, const CircuitsQuery& query);
  void ask(RequestId request, const PathQuery& query);
  void ask(RequestId request, const CircuitNew& query);
  void ask(RequestId request, const CircuitClose& query);
  void ask(RequestId request, const NameQuery& query);
  void ask(RequestId request, const IdentityNew& query);
  void ask(RequestId request, const IdentityDrop& query);
  void ask(RequestId request, const ReserveQuery& query);
  void ask(RequestId request, const ExtendQuery& query);
  void ask(RequestId request, const ReleaseQuery& query);
  [[nodiscard]] std::optional<LinkSlot> find(const Address& address) const;
  // The friend who has it.
  [[nodiscard]] std::vector<FriendReport> friends() const;
  void explain(const Address& address, std::vector<Finding>& out) const;
  // Findings about the session, most basic first; the link's own are the link layer's.
  void count(std::vector<Counter>& out) const;
  [[nodiscard]] const Tally& tally() const { return shared_.tally; }

  void on_cell(LinkSlot link, const CellHeader& header, ByteView onion, Instant now) override;
  void on_control(LinkSlot link, const wire::Control& message, Instant now) override;
  void on_destroy(LinkSlot link, CircuitId circuit, wire::DestroyReason reason,
                  Instant now) override;
  void on_build(LinkSlot link, const wire::BuildFrame& build, Instant now) override;
  void on_built(LinkSlot link, const wire::BuiltFrame& built, Instant now) override;
  void on_friend(LinkSlot link, const Friend& who) override;
  void on_link_up(LinkSlot link, Boot boot, Instant now) override;
  void on_link_down(LinkSlot link, Instant now) override;
  void on_link_gone(LinkSlot link) override;
  void on_leaving(LinkSlot link, Instant at) override;
  void on_stays(LinkSlot link) override;

 private:
  void settle(Peer& peer);
  // What can go now goes, what is due is done.
  void sweep();
  [[nodiscard]] Instant due(const Peer& peer) const;
  void expire_pings();
  void report();
  void unfriend(Peer& peer);
  [[nodiscard]] const Reach& reach() const { return remote_.reach(); }
  void tell(RequestId request, decltype(Answer::what) what);

  Shared shared_;
  Peers peers_;
  Egress egress_;
  Setup setup_;
  SessionEvents sessions_;
  Discovery discovery_;
  Builds builds_;
  Remote remote_;
  Pings pings_;
  Orders orders_;
  Ingress ingress_;
  PacketIntake intake_;
  Effects* effects_ = nullptr;
};

}  // namespace covfefe::core
