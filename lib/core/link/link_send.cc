// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "core/link/link.h"
#include "crypto/onion.h"

namespace covfefe::core {
namespace {

std::size_t onion_size(CellSize size) {
  return size == CellSize::Large ? wire::kLargeOnion : wire::kSmallOnion;
}

}  // namespace

Frame Link::acquire(FlowClass as, std::size_t cells) {
  // Step L15, covfefe-protocol(7).
  if (!ledger_.room(lane_of(as), cells)) {
    ++desk_.counters.window_full;
    return {};
  }
  const Frame frame = desk_.effects->acquire(lane_of(as));
  if (frame.bytes.empty()) ++desk_.counters.no_frame;
  return frame;
}

void Link::post(const Frame& frame, const Datagram& datagram, const Outbound& out) {
  Posting posting;
  posting.to = out.route.to;
  posting.from = out.route.from;
  posting.socket = out.route.socket;
  posting.length = static_cast<std::uint16_t>(datagram.length);
  posting.lane = lane_of(out.as);
  posting.flow = flow(out.as);
  posting.pace = out.pace;
  posting.epoch = datagram.epoch;
  posting.tag = encode(
      {slot_.value, desk_.shaper_life, datagram.what, out.as, ledger_.post(out.as, desk_.now)});
  desk_.effects->post(frame, posting);
  if (out.pace == Pace::Now && posting.lane != Lane::Spare) slots_.loud(desk_.now);
}

void Link::seal_and_post(const Frame& frame, ByteView onion, const Outbound& out) {
  const std::size_t length = onion.size() + wire::kCellOverhead;
  const Posted what = length == wire::kLargeDatagram ? Posted::LargeCell : Posted::SmallCell;
  Session& session = *sessions_.sending();
  session.seal(lane_of(out.as), out.header, onion, frame.bytes.first(length));
  ++sealed_;
  const bool spare = out.as == FlowClass::Spare;
  post(frame, {what, length, spare ? spares_.epoch() : session.start().epoch}, out);
}

void Link::send_pieces(ByteView onion, const Outbound& out) {
  // Step L30. All pieces go in the cell's own lane and on its own path, sealed anew each.
  Session& session = *sessions_.sending();
  write_fragmented(out.header, onion, desk_.fragmented);
  const std::uint16_t id = next_fragmented_++;
  for (std::uint8_t i = 0; i < wire::kFragCount; ++i) {
    const Frame frame = acquire(out.as, 1);
    if (frame.bytes.empty()) return;
    const MutableBytes piece(desk_.piece_onion);
    const MutableBytes body = crypto::body_of(piece);
    const std::size_t written = wire::write_link_frame(fragment_of(desk_.fragmented, id, i), body);
    desk_.random.fill(body.subspan(written));
    const CellHeader header{CircuitId{0}, session.seal_link_onion(desk_.random, piece)};
    seal_and_post(frame, piece, {out.as, header, out.route, Pace::Now});
  }
}

bool Link::send_frame(const wire::LinkFrame& frame, const Errand& errand) {
  Session* session = sessions_.sending();
  if (session == nullptr || session->ends() <= desk_.now) return false;
  // A probe of the size itself is never cut into pieces.
  const bool probe = std::holds_alternative<wire::PadFrame>(frame);
  const bool pieces = errand.size == CellSize::Large && small_only() && !probe;
  const Frame room = acquire(errand.as, pieces ? wire::kFragCount : 1);
  if (room.bytes.empty()) return false;
  const MutableBytes onion = MutableBytes(desk_.link_onion).first(onion_size(errand.size));
  const MutableBytes body = crypto::body_of(onion);
  const std::size_t written = wire::write_link_frame(frame, body);
  CHECK(written != 0);
  desk_.random.fill(body.subspan(written));
  const CellHeader header{CircuitId{0}, session->seal_link_onion(desk_.random, onion)};
  const Pace pace = errand.size == CellSize::Small ? errand.pace : Pace::Now;
  const Outbound out{errand.as, header, errand.route, pace};
  if (pieces) {
    desk_.effects->release(room);
    send_pieces(onion, out);
  } else {
    seal_and_post(room, onion, out);
  }
  return true;
}

bool Link::send_challenge(const Challenge& challenge, Pace pace) {
  return send_frame(wire::PathChallengeFrame{challenge.token, challenge.pace},
                    {challenge.route, CellSize::Small, pace});
}

FlowClass Link::really(FlowClass as) const {
  return as == FlowClass::Idle && !slots_.flows() ? FlowClass::Interactive : as;
}

Frame Link::reserve(FlowClass as, CellSize size) {
  const Session* session = sessions_.sending();
  if (!up_ || session == nullptr || session->ends() <= desk_.now) return {};
  const bool large = size == CellSize::Large;
  // A slot is for an S cell, and spares are the link's own.
  if (as == FlowClass::Spare || (as == FlowClass::Idle && large)) return {};
  return acquire(as, large && small_only() ? wire::kFragCount : 1);
}

void Link::send_cell(FlowClass as, const CellHeader& header, ByteView onion, const Frame& frame) {
  const Outbound out{as, header, paths_.data(lane_of(as)), Pace::Now};
  if (as != FlowClass::Idle) {
    moved(onion.size() + wire::kCellOverhead);
    if (paths_.busy(out.route.socket, desk_.now)) touch();
    // The control path carries liveness: it is probed as often as the data paths.
    if (out.route.socket != 0 && paths_.busy(0, desk_.now)) touch();
  }
  if (onion.size() == wire::kLargeOnion && small_only()) {
    desk_.effects->release(frame);
    send_pieces(onion, out);
  } else {
    seal_and_post(frame, onion, out);
  }
}

bool Link::send_control(const wire::Control& message) {
  if (!up_) return false;
  ByteArray<wire::kControlMostLarge> bytes{};
  const std::size_t length = desk_.codec.encode(message, bytes);
  CHECK(length != 0);
  touch();
  return channel_.send(ByteView(bytes).first(length), desk_.now);
}

bool Link::send_destroy(CircuitId circuit, wire::DestroyReason reason) {
  if (!up_) return false;
  return send_frame(wire::DestroyFrame{circuit, reason}, {paths_.control()});
}

bool Link::send_large(const wire::LinkFrame& frame) {
  return up_ && send_frame(frame, {paths_.control(), CellSize::Large});
}

void Link::send_hello() {
  wire::Hello hello;
  hello.idle = profile_of(slots_.ours);
  for (const wire::DataSocket& s : desk_.config.data_sockets) {
    if (!hello.data_sockets.full()) hello.data_sockets.push_back(s);
  }
  send_control({hello});
}

void Link::flush() {
  if (!up_) return;
  // What moved is seen by everybody: the report on it need not hide.
  if (report_due() <= desk_.now) send_report(Pace::Now);
  refill();
  while (auto frame = channel_.due(desk_.now)) {
    if (frame->seq == 0 && !lone_acks_.take(desk_.now)) {
      channel_.postpone(*frame, desk_.now);
      continue;
    }
    const bool repeated = channel_.repeated(*frame);
    // Copies of what still waits would stand in front of the answers to handshakes.
    if (repeated && ledger_.of(FlowClass::Control).unsent() >= ControlChannel::kWindow) {
      channel_.postpone(*frame, desk_.now);
      continue;
    }
    frame->from = channel_id_;
    frame->to = peer_channel_;
    const CellSize size =
        frame->message.size() <= wire::kControlMostSmall ? CellSize::Small : CellSize::Large;
    const Duration timeout = control_timeout();
    const Pace pace = repeated ? Pace::Now : waiting();
    if (send_frame(*frame, {paths_.control(), size, pace})) {
      channel_.sent(*frame, desk_.now, timeout);
    } else {
      channel_.postpone(*frame, desk_.now);
    }
  }
}

Duration Link::control_timeout() const {
  // Step R7.
  const Duration path = rtt_.timeout();
  if (!slots_.silent(desk_.now)) return path;
  return path + slots_.turn(ledger_.of(FlowClass::Control).unsent());
}

void Link::completed(const PostingTag& tag, const Completion& completion) {
  FlowLedger& flow = ledger_.of(tag.as);
  const std::uint64_t before = flow.unsent();
  if (!flow.complete(tag.ordinal, completion.at)) return;
  const bool spare = tag.as == FlowClass::Spare;
  if (spare) {
    desk_.spares -= static_cast<std::uint32_t>(before - flow.unsent());
    touch();
  }
  if (!completion.sent) {
    // A spare that nobody needed is no loss.
    unsent_ += spare ? 0 : 1;
    desk_.counters.unsent += spare ? 0 : 1;
    return;
  }
  desk_.counters.spares_sent += spare ? 1 : 0;
  // 48: an outer IPv6 and UDP header, so that both families count alike.
  tx_bytes_ += 48 + (tag.what == Posted::LargeCell ? wire::kLargeDatagram : wire::kSmallDatagram);
  if (tag.what == Posted::Handshake) return;
  ++tx_cells_;
  if (tag.as == FlowClass::Control) {
    meter_.left(tag.ordinal, completion.at, static_cast<std::uint32_t>(tx_cells_));
  }
}

void Link::shaper_lost() {
  desk_.spares -= static_cast<std::uint32_t>(ledger_.of(FlowClass::Spare).unsent());
  ledger_.forget();
}

}  // namespace covfefe::core
