// SPDX-License-Identifier: Apache-2.0
// One friend: dialling and answering, the sessions, the paths, the control channel, and the way of
// every cell between a datagram and LinkEvents. Driven by Links, which finds it by index or slot.
// link.cc: life and time; link_handshake.cc: dialling, answering, rekey; link_receive.cc and
// link_send.cc: cells; link_idle.cc: the idle lane and what is measured; link_report.cc: questions.
#pragma once

#include <memory>
#include <optional>

#include "core/link/control_channel.h"
#include "core/link/desk.h"
#include "core/link/dial.h"
#include "core/link/doorman.h"
#include "core/link/fragments.h"
#include "core/link/lane_ledger.h"
#include "core/link/path_meter.h"
#include "core/link/paths.h"
#include "core/link/posting_tag.h"
#include "core/link/rekey.h"
#include "core/link/report_duty.h"
#include "core/link/rtt.h"
#include "core/link/sessions.h"
#include "core/link/size_probe.h"
#include "core/link/slots.h"
#include "core/link/spares.h"

namespace covfefe::core {

class Link {
 public:
  Link(Desk& desk, LinkSlot slot, const Friend& who);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] const Friend& who() const { return friend_; }
  void update(const Friend& who);  // same id and static key
  void part();
  // The friend was removed: what is queued is cancelled. The object goes next.

  // ---- from Links ------------------------------------------------------------------------------
  void receive(Session& session, const DatagramIn& datagram);
  void read_response(const DatagramIn& datagram);  // mac1 holds
  void read_cookie(const DatagramIn& datagram);
  void answer_caller(const Established& made,
                     const Caller& caller);  // our keystore ran the responder
  void keystore_answered(KeystoreReply& reply);
  void keystore_lost();
  void knock();  // data under an unknown index came from where the friend is (A12)
  void dial();   // its turn in the queue has come
  void completed(const PostingTag& tag, const Completion& completion);  // tag: decoded
  void shaper_lost();
  void timer();
  void tend();   // twice a second while tended(): spares, signs of life, reports of silent links
  void flush();  // end of step: control messages and acknowledgements, reports, spares
  [[nodiscard]] bool tended() const { return up_ && (slots_.flows() || slots_.friend_flows()); }
  [[nodiscard]] Instant deadline() const;

  // ---- from CellSink ---------------------------------------------------------------------------
  [[nodiscard]] FlowClass really(FlowClass as) const;
  // The class that it has here: a chat without an idle lane is interactive.
  [[nodiscard]] Frame reserve(FlowClass as, CellSize size);
  // The frame of a cell to come, empty when it may not be sent now.
  void send_cell(FlowClass as, const CellHeader& header, ByteView onion, const Frame& frame);
  void send_handshake(ByteView datagram, const Route& route);
  // One of the handshake's datagrams or a cookie reply, in this link's queue.
  bool send_control(const wire::Control& message);
  bool send_destroy(CircuitId circuit, wire::DestroyReason reason);
  bool send_large(const wire::LinkFrame& frame);
  [[nodiscard]] bool small_only() const { return size_.small_only(); }
  [[nodiscard]] bool backlogged(FlowClass as) const { return ledger_.of(as).backlogged(); }
  [[nodiscard]] FriendReport report(Instant now) const;
  void explain(Instant now, std::vector<Finding>& out) const;

  bool touched = false;  // in Desk::touched; Links' own mark

 private:
  struct Outbound {
    FlowClass as = FlowClass::Control;
    CellHeader header;
    Route route;
    Pace pace = Pace::Now;
  };
  struct Errand {  // of a link frame
    Route route;
    CellSize size = CellSize::Small;
    Pace pace = Pace::Now;
    FlowClass as = FlowClass::Control;
  };
  struct Arrival {
    Route route;
    CellSize size = CellSize::Small;
    Lane lane = Lane::Link;
    bool reassembled = false;
  };

  // life and time (link.cc)
  void touch();
  void confirmed(Session& session, const Route& route);
  void restarted(const Session& session);
  void began_anew();
  void forget_friend();
  void go_up(const Route& route);
  void announce_up();
  void go_down();
  void tell_state();
  [[nodiscard]] LinkState state() const;
  void run_probes();
  void run_size_probe();
  void cancel_older(std::uint32_t epoch);
  void remember_host(const Address& ip);
  void learned_endpoint();

  // dialling, answering, rekey (link_handshake.cc)
  void start_dial();
  void queue_dial();
  void end_attempt();
  void dial_timer();
  [[nodiscard]] std::vector<Endpoint> dial_targets() const;
  void send_initiation(const Initiated& made);
  void finish(const Established& made);
  void failed(Reject why);
  [[nodiscard]] SessionStart session_start(crypto::Role role);
  void run_rekey();
  void drop_offer();
  void handle(const wire::RekeyOffer& offer);
  void handle(const wire::RekeyAnswer& answer);

  // cells in (link_receive.cc)
  void sign_of_life(Session& session);
  void read_link_cell(const Session& session, const Session::Opened& cell, const Arrival& arrival);
  void read_frame(const wire::PadFrame& frame, const Session& session, const Arrival& arrival);
  void read_frame(const wire::ControlFrame& frame, const Session& session, const Arrival& arrival);
  void read_frame(const wire::DestroyFrame& frame, const Session& session, const Arrival& arrival);
  void read_frame(const wire::FragFrame& frame, const Session& session, const Arrival& arrival);
  void read_frame(const wire::PathChallengeFrame& frame, const Session& session,
                  const Arrival& arrival);
  void read_frame(const wire::PathResponseFrame& frame, const Session& session,
                  const Arrival& arrival);
  void read_frame(const wire::ReportFrame& frame, const Session& session, const Arrival& arrival);
  void read_frame(const wire::BuildFrame& frame, const Session& session, const Arrival& arrival);
  void read_frame(const wire::BuiltFrame& frame, const Session& session, const Arrival& arrival);
  void malformed();
  [[nodiscard]] bool same_channel(const wire::ControlFrame& frame);
  void read_control(ByteView message);
  void handle(const wire::Hello& hello);
  void handle(const wire::ProbeSeen& seen);

  // cells out (link_send.cc)
  [[nodiscard]] FlowId flow(FlowClass as) const { return flow_of(slot_.value, as); }
  [[nodiscard]] Frame acquire(FlowClass as, std::size_t cells);
  struct Datagram {
    Posted what = Posted::Handshake;
    std::size_t length = 0;
    std::uint32_t epoch = 0;
  };
  void post(const Frame& frame, const Datagram& datagram, const Outbound& out);
  void seal_and_post(const Frame& frame, ByteView onion, const Outbound& out);
  void send_pieces(ByteView onion, const Outbound& out);
  bool send_frame(const wire::LinkFrame& frame, const Errand& errand);
  bool send_challenge(const Challenge& challenge, Pace pace);
  void send_hello();
  [[nodiscard]] Duration control_timeout() const;

  // the idle lane and what is measured (link_idle.cc)
  void idle_changed();
  [[nodiscard]] Pace waiting() const;
  [[nodiscard]] bool overdue() const;
  [[nodiscard]] wire::AnswerPace probe_pace() const;
  void refill();
  void renew_spares();
  void moved(std::size_t bytes);
  [[nodiscard]] Instant report_due() const;
  void send_report(Pace pace);

  Desk& desk_;
  LinkSlot slot_;
  Friend friend_;
  crypto::PublicKey peer_mac1_;    // key of mac1 in what we send
  crypto::PublicKey peer_cookie_;  // key of cookie replies to us
  bool smaller_;                   // our static key is the smaller one

  Dial dial_;
  Sessions sessions_;
  std::uint32_t last_epoch_ = 0;
  Paths paths_;
  Rtt rtt_;
  SizeProbe size_;
  ControlChannel channel_;
  std::uint16_t channel_id_;                // ours, as ControlFrame::from
  std::uint16_t peer_channel_ = 0;          // the friend's, 0 until its first frame
  std::uint16_t peer_channel_before_ = 0;   // the one that ended last: its late frames are ignored
  std::unique_ptr<Reassembly> reassembly_;  // made by the first piece
  LaneLedger ledger_;
  std::uint16_t next_fragmented_ = 0;

  Slots slots_;
  Spares spares_;
  ReportDuty duty_;
  PathMeter meter_;
  struct PeerStamp {  // of the newest report that came
    std::uint32_t stamp = 0;
    std::uint32_t cells = 0;  // that had come, itself included
    Instant at = Instant::never();
  } peer_stamp_;

  std::optional<BootId> boot_;                // the friend's router, as of the channel
  std::optional<BootId> announced_boot_;      // as LinkEvents know it
  Instant handshake_due_ = Instant::never();  // the keystore handshake is repeated then
  std::optional<RekeyOffering> offering_;
  Instant offer_until_{};
  BootId offer_boot_{};
  Instant offer_rooted_{};
  Bucket offers_{{1, 4}};        // accepted from the friend
  Bucket renewals_{{1, 4}};      // of the friend's control channel
  Bucket hellos_{{1, 8}};        // heeded
  Bucket challenges_{{10, 40}};  // answered
  Bucket lone_acks_{{200, 64}};  // acknowledgements without a message
  struct Call {
    std::uint32_t epoch = 0;  // of the session that our newest answer made
    Route from;               // and where that answer went
  } call_;

  bool up_ = false;
  LinkState told_ = LinkState::Down;
  Instant up_since_{};
  Duration up_before_{};
  Instant last_heard_ = Instant::never();
  Instant last_knock_{};
  Endpoint told_endpoint_;
  std::vector<Address> hosts_;  // our entries in Desk::known_hosts
  std::uint64_t rx_bytes_ = 0;
  std::uint64_t rx_cells_ = 0;
  std::uint64_t tx_cells_ = 0;  // that left the shaper
  std::uint64_t sealed_ = 0;    // that were given to it
  std::uint64_t faults_ = 0;    // bad link tags and malformed frames of this friend (A10)
  std::uint64_t tx_bytes_ = 0;
  std::uint64_t unsent_ = 0;
};

}  // namespace covfefe::core
