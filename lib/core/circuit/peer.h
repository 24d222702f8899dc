// SPDX-License-Identifier: Apache-2.0
// What circuits know of one far end, a friend or a third party: its sessions, what waits for one,
// what is being packed. Plain data; setup.h, remote.h, egress.h and ingress.h hold the rules.
// Thread: data.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/circuit/circuit.h"
#include "core/circuit/delivery.h"
#include "core/circuit/e2e.h"
#include "core/circuit/hold.h"
#include "core/circuit/identity.h"
#include "core/circuit/leg.h"
#include "core/circuit/packer.h"
#include "core/circuit/reassembly.h"
#include "core/circuit/shared.h"
#include "core/circuit/tally.h"
#include "core/link/bucket.h"
#include "core/stream/bundle.h"

namespace covfefe::core {

enum class Stage : std::uint8_t {
  Opening,      // DirectOpen sent, no answer yet
  Answered,     // DirectOpened sent, the third message has not come
  Unconfirmed,  // keyed by our third message, nothing has come back yet
  Live,         // both sides are known to have the keys
};

enum class Via : std::uint8_t { Direct, Circuits };
enum class Third : std::uint8_t { Dialled, Came };  // third parties: reached from here, or came in

struct Peer;

class Pulse {
 public:
  static constexpr std::uint32_t kBusy = 200;  // cells a second

  void beat(Instant now) {
    if (now >= began_ + Duration::seconds(1)) {
      last_ = now < began_ + Duration::seconds(2) ? cells_ : 0;
      cells_ = 0;
      began_ = now;
    }
    ++cells_;
  }
  [[nodiscard]] bool busy(Instant now) const {
    if (now >= began_ + Duration::seconds(2)) return false;
    return cells_ >= kBusy || last_ >= kBusy;
  }

 private:
  Instant began_{};
  std::uint32_t cells_ = 0;
  std::uint32_t last_ = 0;
};
// Whether cells went out often of late; more often, and what waits for slots of the idle lane falls
// behind the window of hop counters (Step C8, covfefe-protocol(7)).

struct Shunned {
  CircuitPath path;
  Instant until{};
};

struct PeerSession {
  static constexpr std::size_t kLegs = 8;  // four, and as many that replace them

  Peer* peer = nullptr;  // whose it is; null: Answered, over circuits, by nobody knows whom
  Via via = Via::Direct;
  std::unique_ptr<E2e> e2e;
  std::vector<std::unique_ptr<Leg>> legs;  // Direct: exactly one; Circuits: none while it is kept
  ByteArray<32> salt{};                    // Opening, Direct: our half of the circuit's keys
  Address local;                           // who this node is in it
  Stage stage = Stage::Opening;
  bool initiator = false;
  bool greet = false;  // the other side waits for a first cell under the new keys
  Instant created{};
  Instant give_up{};                     // before Live: when the attempt has failed
  Instant repeat_at = Instant::never();  // Unconfirmed: third message again; Live: next probe
  Duration repeat_after{};
  Instant last_heard{};                   // authentic cell
  Instant used{};                         // packet, either way
  Instant loud{};                         // likewise, other than of the chat class
  bool chatted = false;                   // packets of the chat class have gone or come
  Pulse pulse;                            // of cells that went out
  Instant unanswered = Instant::never();  // first packet sent since then
  Instant superseded = Instant::never();  // since when a newer session is used for sending
  // Circuits, Live:
  Instant bare_since = Instant::never();  // has no leg
  Instant attach_at{};                    // not before this is another leg attached
  std::uint8_t attach_failures = 0;
  std::vector<Shunned> shunned;  // paths on which legs fell silent; at most kShunned
  PacketReassembly reassembly;
  std::unique_ptr<Bundle> bundle;  // Circuits: what is known of the legs; from the first cell on

  static constexpr std::size_t kShunned = 2;
};

struct Peer {
  std::uint32_t index = 0;       // in Peers
  std::optional<LinkSlot> link;  // a friend's
  FriendId id;                   // likewise
  std::string petname;           // likewise
  Address address;
  Third third = Third::Dialled;  // of who is no friend
  bool link_up = false;
  std::vector<std::unique_ptr<PeerSession>> sessions;  // at most kSessions
  PeerSession* direct = nullptr;  // the best of each kind, whether or not its link is up
  PeerSession* remote = nullptr;
  PeerSession* current = nullptr;  // the one of the two that packets can be sent in now
  Instant up_since{};
  Instant open_at = Instant::never();  // when to think about opening a session
  std::uint8_t failures = 0;           // attempts in a row
  Instant used{};                      // last packet or session over circuits
  Instant dial_at{};                   // circuits: not before this is a session opened
  Instant wanted_until{};              // circuits: somebody waits for one until then
  std::uint8_t dial_failures = 0;      // in a row
  std::vector<Shunned> dial_shunned;   // circuits: paths on which builds stayed without an answer
  std::string dial_trouble;            // the last one, for `covfefe why`
  bool remembered = false;             // told as DestinationUsed
  // A friend whose router is killed again and again has a session again at once each time.
  Bucket answers{{4, 16}};    // DirectOpens that we answer
  Bucket attempts{{4, 16}};   // sessions that we open
  Bucket echoes{{100, 128}};  // pings that we answer: many fit in one cell
  Hold hold;
  Packer bulk;
  Packer interactive;
  Packer realtime;
  Packer chat;
  std::uint16_t next_fragmented = 0;
  bool dirty = false;        // something is being packed
  bool touched = false;      // to be settled at the end of the step
  bool handshaking = false;  // as the link layer said last, good until state_until
  Instant state_until{};

  static constexpr std::size_t kSessions = 6;
};

}  // namespace covfefe::core
