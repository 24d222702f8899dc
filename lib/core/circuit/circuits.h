// SPDX-License-Identifier: Apache-2.0
// Everything above the links: circuits, end-to-end sessions, and the packets in them. One step of
// the router is begin(), any number of calls and events, end(). Thread: data.
#pragma once

#include <span>
#include <vector>

#include "core/circuit/egress.h"
#include "core/circuit/ingress.h"
#include "core/circuit/peer.h"
#include "core/circuit/pings.h"
#include "core/circuit/routes.h"
#include "core/circuit/setup.h"
#include "core/io.h"

namespace covfefe::core {

struct CircuitsConfig {
  Address address;  // own
  std::size_t mtu = 1280;
};

class Circuits final : public LinkEvents {
 public:
  Circuits(const CircuitsConfig& config, CellSink& sink, crypto::Drbg& random);
  // sink and random are borrowed for the object's life.

  void begin(Instant now, Effects& effects);
  void end();
  // Sends and delivers all that the step gathered. Between the two `effects` is borrowed.

  void packets(std::span<const ByteView> all);
  void clock(WallTime wall);
  void keystore_up();
  void keystore_down();
  [[nodiscard]] std::optional<Certify> certify();
  // A question for the keystore, if it is time for one; certify_asked with its id must follow.
  void certify_asked(RequestId id) { shared_.identity.asked(id); }
  bool keystore_reply(const KeystoreReply& reply);
  // False: not ours.
  void timer();
  [[nodiscard]] Instant next_deadline() const;

  void ping(RequestId request, const PingQuery& query);
  [[nodiscard]] std::optional<LinkSlot> find(const Address& address) const;
  [[nodiscard]] std::vector<FriendReport> friends() const;
  void explain(LinkSlot link, std::vector<Finding>& out) const;
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

 private:
  enum class Answerable : std::uint8_t { NoRoute, Unreachable, TooBig };

  void packet(ByteView ip);
  void wait(Peer& peer, ByteView ip);
  [[nodiscard]] bool reachable(Peer& peer);
  void answer(ByteView ip, Answerable what);
  void touch(Peer& peer);
  // Something happens to the peer in this step: it is settled at the end.
  void settle(Peer& peer);
  // Sends what can go now, gives up what waited too long.
  void expire_pings();
  [[nodiscard]] Peer* peer_at(LinkSlot link) const;
  [[nodiscard]] Peer* find_peer(const Address& address) const;
  [[nodiscard]] Instant due(const Peer& peer) const;

  Shared shared_;
  Egress egress_;
  Setup setup_;
  Pings pings_;
  Sessions sessions_;
  Ingress ingress_;
  Routes routes_;
  std::vector<std::unique_ptr<Peer>> peers_;  // by link slot, null where nobody is
  std::vector<Peer*> touched_;
  Bucket icmp_{{100, 100}};  // RFC 4443 2.4(f)
  Effects* effects_ = nullptr;
  Instant deadline_ = Instant::never();
};

}  // namespace covfefe::core
