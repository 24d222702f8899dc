// SPDX-License-Identifier: Apache-2.0
// Circuits across friends' nodes: building them as origin, answering and passing builds as a hop,
// and passing the cells of circuits that go through here (Steps B1 to B12, C10 to C13,
// covfefe-protocol(7); B3, B4, A10 to A13, A27). Sessions live above this header, links below it.
// Thread: data.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/discovery/path.h"
#include "core/io.h"
#include "crypto/dh.h"
#include "wire/build.h"
#include "wire/link_frames.h"

namespace covfefe::core {

struct Circuit;
struct CircuitLease;
struct Shared;
class LeaseDesk;
class NextHops;

using BuildId = StrongId<struct BuildIdTag, std::uint64_t>;

struct BuildTerms {
  wire::CircuitClass circuit_class = wire::CircuitClass::Bulk;
  std::uint32_t rate = 0;  // wanted, B/s of wire bytes; 0: whatever is there
  std::uint32_t least_rate = 0;
  std::uint32_t duration = 0;
  std::uint32_t lifetime = 3'600;
  const crypto::KeyPair* last_ephemeral = nullptr;
  // The last hop's ephemeral, borrowed for start() and never used twice; null: Builds makes one. An
  // attach token covers it, so it must be known before the payload is.
};

enum class BuildFault : std::uint8_t {
  NoRoom,  // no circuit id, no frame, or the entry link is down: nothing was sent
  Timeout,
  Destroyed,  // a DESTROY came instead of an answer: the next hop restarted or could not read it
  Refused,
  Forged,      // the answer did not open
  WrongOffer,  // a hop granted what was not asked for, or nothing that lasts
};
struct BuildFailure {
  BuildFault fault = BuildFault::Timeout;
  std::size_t hop = 0;  // 0-based place in the path that the fault is at or behind
  wire::BuildStatus status = wire::BuildStatus::Granted;  // Refused
  std::uint32_t best = 0;  // of NoCapacity: the rate that the hop would have kept
};
struct Built {
  CircuitId circuit;  // role Origin, keyed: seal_onion and open_onion work
  Duration rtt;
  std::span<const wire::BuildReply> replies;  // one per hop
  ByteView answer;                            // wire::kBuildAnswer bytes
};
struct Terminal {
  LinkSlot link;
  CircuitId circuit;  // role Destination, keyed
  wire::BuildRecord record;
  ByteView payload;           // wire::kBuildPayload bytes
  ByteArray<32> ephemeral{};  // the origin's for this hop: what an attach token covers
};

class BuildEvents {
 public:
  virtual ~BuildEvents() = default;
  virtual void on_built(BuildId build, const Built& built) = 0;
  virtual void on_build_failed(BuildId build, const BuildFailure& failure) = 0;
  virtual wire::BuildStatus on_terminal(const Terminal& terminal, MutableBytes answer) = 0;
  // Writes the answer (all kBuildAnswer bytes, random behind what is said) and grants; anything
  // else refuses and the circuit is dropped when this returns. A circuit that was granted and
  // carries no cell for 5 s is dropped too (A27).
  virtual void on_circuit_lost(CircuitId circuit, wire::DestroyReason reason) = 0;
  // An Origin's or Destination's circuit is gone: destroyed by the other side, its link's router
  // restarted, or its lifetime over. It is still in the table, and the id means nothing when this
  // returns.
  virtual void on_lease_ended(CircuitId circuit) = 0;
  // An Origin's or Destination's circuit goes on without the rate that was kept for it.
};

class Builds {
 public:
  Builds(Shared& shared, const NextHops& next, BuildEvents& events, const CircuitPolicy& policy);
  // All but policy are borrowed for the object's life; next is the discovery.
  ~Builds();
  Builds(const Builds&) = delete;
  Builds& operator=(const Builds&) = delete;

  void begin(Effects& effects);
  void end();
  void lease(CircuitId circuit, const CircuitLease& lease);
  // What an own circuit may send as leased from now on; not for relays.
  void unlease(CircuitId circuit);
  // Its lease is over, and all others of the circuit with it (Step Q6).
  [[nodiscard]] LeaseDesk& leases();
  // Where the router's own circuits ask for leases too. Lasts.

  // ---- origin -----------------------------------------------------------------------------------
  [[nodiscard]] std::optional<BuildId> start(const CircuitPath& path, const BuildTerms& terms,
                                             ByteView payload);
  // payload: kBuildPayload bytes. Exactly one on_built or on_build_failed follows, later, unless
  // abandoned. Nothing when it cannot even be sent.
  void abandon(BuildId build);
  void close(CircuitId circuit, wire::DestroyReason reason);
  // Either end's circuit: tells the neighbour and forgets it; no on_circuit_lost.

  // ---- hop --------------------------------------------------------------------------------------
  void on_friend(LinkSlot link, FriendId who);
  // Before anything else of the link.
  void on_build(LinkSlot link, const wire::BuildFrame& build);
  void on_built(LinkSlot link, const wire::BuiltFrame& built);
  void on_destroy(LinkSlot link, CircuitId circuit, wire::DestroyReason reason);
  void on_link_up(LinkSlot link, Boot boot);
  void on_link_down(LinkSlot link);
  void on_link_gone(LinkSlot link);
  void relay(Circuit& circuit, const CellHeader& header, ByteView onion);
  // A cell of a circuit that passes here: to the next link, or dropped and counted.
  void onion_fault(Circuit& circuit);
  // A hop tag that did not verify, whatever the role: the eighth in ten seconds destroys the
  // circuit (A10).

  // ---- keystore, time, questions ----------------------------------------------------------------
  void keystore_up();
  void keystore_down();
  bool keystore_reply(KeystoreReply& reply);
  // False: not ours.
  bool shaper_reply(const ShaperReply& reply);
  // To a question of the desk that is waited for. False: not a hop's.
  [[nodiscard]] bool holds(std::uint32_t lease) const;
  // It is one of a circuit of others, or of the far end of one.
  void lease_revoked(std::uint32_t lease);
  // Step Q6, covfefe-protocol(7). Nothing for one that is no circuit's of others.
  void timer();
  [[nodiscard]] Instant next_deadline() const;
  struct Faults {
    std::uint64_t onion = 0;
    std::uint64_t destroyed = 0;
    std::uint64_t relayed_cells = 0;  // both ways, of circuits that it had built through here
  };
  [[nodiscard]] Faults faults(LinkSlot link) const;
  [[nodiscard]] std::vector<RelayedReport> relayed() const;
  void count(std::vector<Counter>& out) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace covfefe::core
