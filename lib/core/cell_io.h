// SPDX-License-Identifier: Apache-2.0
// The seam between links (one friend, one encrypted UDP link: handshake, lanes, windows, rekey,
// roaming, the link circuit) and circuits (what the cells of a link carry). Links knows nothing of
// circuits but their events; circuits know a link by its slot. Thread: data.
#pragma once

#include "core/io.h"

namespace covfefe::wire {
struct Control;                           // wire/control.h: one decoded control message
enum class DestroyReason : std::uint8_t;  // wire/link_frames.h
struct BuildFrame;
struct BuiltFrame;
}  // namespace covfefe::wire

namespace covfefe::core {

enum class CellSize : std::uint8_t { Small, Large };  // S = 256 B, L = 1,400 B of UDP payload

using LinkSlot = StrongId<struct LinkSlotTag, std::uint32_t>;
// Index of a friend's link in a dense table; a slot is reused only after on_link_gone.

struct CellHeader {
  CircuitId circuit;
  std::uint64_t counter = 0;  // hop counter on this link
  Lane lane = Lane::Bulk;     // that it came in; outward the class of open_cell counts
};

enum class Boot : std::uint8_t {
  Same,  // the router that was there before
  New,   // the friend's router restarted, or is seen for the first time: its circuits are gone
};

class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  virtual void on_cell(LinkSlot link, const CellHeader& header, ByteView onion, Instant now) = 0;
  // A verified link cell that is not of the link circuit: onion is 80 slots + body (1,360 or 216
  // B).
  virtual void on_control(LinkSlot link, const wire::Control& message, Instant now) = 0;
  // Delivered once, in order; messages that links handle themselves do not arrive here.
  virtual void on_destroy(LinkSlot link, CircuitId circuit, wire::DestroyReason reason,
                          Instant now) = 0;
  // The friend dropped the circuit that it sends to under this id of ours.
  virtual void on_build(LinkSlot link, const wire::BuildFrame& build, Instant now) = 0;
  virtual void on_built(LinkSlot link, const wire::BuiltFrame& built, Instant now) = 0;
  // A friend's circuit wants to pass or end here; the answer to one of ours.
  virtual void on_friend(LinkSlot link, const Friend& who) = 0;
  // A friend entered the table or its record changed; before any other event of the slot.
  virtual void on_link_up(LinkSlot link, Boot boot, Instant now) = 0;
  virtual void on_link_down(LinkSlot link, Instant now) = 0;
  virtual void on_link_gone(LinkSlot link) = 0;  // the friend was removed
};

class CellSink {
 public:
  virtual ~CellSink() = default;
  virtual MutableBytes open_cell(LinkSlot link, FlowClass as, CellSize size) = 0;
  // Room for the onion of one cell (1,360 or 216 B) in private memory of the link layer, or empty:
  // link down, no frame, lane window full (A3). The lane is that of the class. Then exactly one
  // send_cell or abandon_cell follows.
  virtual void send_cell(const CellHeader& header) = 0;
  // Seals the opened onion into a frame and posts it (as FRAG cells where L does not pass).
  virtual void abandon_cell() = 0;
  virtual bool send_control(LinkSlot link, const wire::Control& message, Instant now) = 0;
  // False when the channel's window (16 messages) is full or the link is down.
  virtual bool send_destroy(LinkSlot link, CircuitId circuit, wire::DestroyReason reason,
                            Instant now) = 0;
  // A DESTROY frame, sent once and not repeated: circuit is the id that the friend receives.
  virtual bool send_build(LinkSlot link, const wire::BuildFrame& build, Instant now) = 0;
  virtual bool send_built(LinkSlot link, const wire::BuiltFrame& built, Instant now) = 0;
  // One L cell of the link circuit each, sent once and not repeated. False: no link or no frame.
  virtual RequestId next_request() = 0;
  // A fresh id for the keystore.
  virtual bool small_only(LinkSlot link) const = 0;
  // L cells do not pass this link (A25): one costs 11 S cells.
  virtual FriendReport report(LinkSlot link, Instant now) const = 0;
  // All fields but session_up. Allocates: for questions of the operator only.
  virtual bool bulk_backlogged(LinkSlot link) const = 0;
  // This node's own bulk of the link: as many unsent cells as is sensible; drop before sealing
  // (A20).
  virtual bool relayed_backlogged(LinkSlot link) const { return bulk_backlogged(link); }
  // The same of class Relayed.
};

}  // namespace covfefe::core
