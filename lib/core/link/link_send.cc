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

FlowId Link::flow(Lane lane) const {
  return flow_of(slot_.value, unleased(lane));
}

Frame Link::acquire(Lane lane, std::size_t cells) {
  // Step L15, covfefe-protocol(7).
  if (ledger(lane).unsent() + cells > unsent_most(lane)) {
    ++desk_.counters.window_full;
    return {};
  }
  const Frame frame = desk_.effects->acquire(lane);
  if (frame.bytes.empty()) ++desk_.counters.no_frame;
  return frame;
}

void Link::post(const Frame& frame, std::size_t length, const Outbound& out) {
  Posting posting;
  posting.to = out.route.to;
  posting.from = out.route.from;
  posting.socket = out.route.socket;
  posting.length = static_cast<std::uint16_t>(length);
  posting.lane = out.lane;
  posting.flow = flow(out.lane);
  posting.epoch = out.epoch;
  posting.tag = encode({slot_.value, desk_.shaper_life, length == wire::kLargeDatagram, out.lane,
                        ledger(out.lane).post(desk_.now)});
  desk_.effects->post(frame, posting);
}

void Link::seal_and_post(const Frame& frame, ByteView onion, const Outbound& out) {
  const std::size_t length = onion.size() + wire::kCellOverhead;
  Session& session = *sessions_.sending();
  session.seal(out.lane, out.header, onion, frame.bytes.first(length));
  post(frame, length, {out.lane, out.header, out.route, session.start().epoch});
}

void Link::send_pieces(ByteView onion, const Outbound& out) {
  // Step L30. All pieces go in the cell's own lane and on its own path, sealed anew each.
  Session& session = *sessions_.sending();
  write_fragmented(out.header, onion, desk_.fragmented);
  const std::uint16_t id = next_fragmented_++;
  for (std::uint8_t i = 0; i < wire::kFragCount; ++i) {
    const Frame frame = acquire(out.lane, 1);
    if (frame.bytes.empty()) return;
    const MutableBytes piece(desk_.piece_onion);
    const MutableBytes body = crypto::body_of(piece);
    const std::size_t written = wire::write_link_frame(fragment_of(desk_.fragmented, id, i), body);
    desk_.random.fill(body.subspan(written));
    const CellHeader header{CircuitId{0}, session.seal_link_onion(desk_.random, piece)};
    seal_and_post(frame, piece, {out.lane, header, out.route, 0});
  }
}

bool Link::send_frame(const wire::LinkFrame& frame, CellSize size, const Route& route) {
  Session* session = sessions_.sending();
  if (session == nullptr || session->ends() <= desk_.now) return false;
  // A probe of the size itself is never cut into pieces.
  const bool probe = std::holds_alternative<wire::PadFrame>(frame);
  const bool pieces = size == CellSize::Large && small_only() && !probe;
  const Frame room = acquire(Lane::Link, pieces ? wire::kFragCount : 1);
  if (room.bytes.empty()) return false;
  const MutableBytes onion = MutableBytes(desk_.link_onion).first(onion_size(size));
  const MutableBytes body = crypto::body_of(onion);
  const std::size_t written = wire::write_link_frame(frame, body);
  CHECK(written != 0);
  desk_.random.fill(body.subspan(written));
  const CellHeader header{CircuitId{0}, session->seal_link_onion(desk_.random, onion)};
  if (pieces) {
    desk_.effects->release(room);
    send_pieces(onion, {Lane::Link, header, route, 0});
  } else {
    seal_and_post(room, onion, {Lane::Link, header, route, 0});
  }
  return true;
}

bool Link::send_challenge(const Challenge& challenge) {
  return send_frame(wire::PathChallengeFrame{challenge.token}, CellSize::Small, challenge.route);
}

Frame Link::reserve(Lane lane, CellSize size) {
  const Session* session = sessions_.sending();
  if (!up_ || session == nullptr || session->ends() <= desk_.now) return {};
  const bool pieces = size == CellSize::Large && small_only();
  return acquire(lane, pieces ? wire::kFragCount : 1);
}

void Link::send_cell(Lane lane, const CellHeader& header, ByteView onion, const Frame& frame) {
  const Outbound out{lane, header, paths_.data(lane), 0};
  if (paths_.busy(out.route.socket, desk_.now)) touch();
  // The control path carries liveness: it is probed as often as the data paths.
  if (out.route.socket != 0 && paths_.busy(0, desk_.now)) touch();
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
  return send_frame(wire::DestroyFrame{circuit, reason}, CellSize::Small, paths_.control());
}

bool Link::send_large(const wire::LinkFrame& frame) {
  return up_ && send_frame(frame, CellSize::Large, paths_.control());
}

void Link::send_hello() {
  wire::Hello hello;
  for (const wire::DataSocket& s : desk_.config.data_sockets) {
    if (!hello.data_sockets.full()) hello.data_sockets.push_back(s);
  }
  send_control({hello});
}

void Link::flush() {
  if (!up_) return;
  while (auto frame = channel_.due(desk_.now)) {
    if (frame->seq == 0 && !lone_acks_.take(desk_.now)) {
      channel_.postpone(*frame, desk_.now);
      continue;
    }
    frame->from = channel_id_;
    frame->to = peer_channel_;
    const CellSize size =
        frame->message.size() <= wire::kControlMostSmall ? CellSize::Small : CellSize::Large;
    if (send_frame(*frame, size, paths_.control())) {
      channel_.sent(*frame, desk_.now, rtt_.timeout());
    } else {
      channel_.postpone(*frame, desk_.now);
    }
  }
}

void Link::completed(const PostingTag& tag, const Completion& completion) {
  if (!ledger(tag.lane).complete(tag.ordinal, desk_.now)) return;
  if (completion.sent) {
    // 48: an outer IPv6 and UDP header, so that both families count alike.
    tx_bytes_ += 48 + (tag.large ? wire::kLargeDatagram : wire::kSmallDatagram);
  } else {
    ++unsent_;
    ++desk_.counters.unsent;
  }
}

void Link::shaper_lost() {
  for (LaneLedger& l : ledgers_) l.forget();
}

}  // namespace covfefe::core
