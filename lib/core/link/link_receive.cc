// SPDX-License-Identifier: Apache-2.0
#include "core/link/link.h"

#include <utility>

#include "crypto/onion.h"

namespace covfefe::core {

void Link::receive(Session& session, const DatagramIn& datagram) {
  if (session.ends() <= desk_.now) {
    ++desk_.counters.expired;
    return;
  }
  const auto opened = session.open(datagram.bytes);
  if (!opened) {
    if (opened.error() == Reject::Replayed) {
      ++desk_.counters.replayed;
    } else {
      ++desk_.counters.forged;
      ++faults_;
    }
    return;
  }
  rx_bytes_ += 48 + datagram.bytes.size();
  ++rx_cells_;
  ++desk_.counters.heeded;
  last_heard_ = desk_.now;
  const Route route{datagram.socket, datagram.from, datagram.to};
  sign_of_life(session);
  // Step L21. A spare may have been withheld and sent late: it says nothing about where the friend
  // is now.
  if (opened->lane != Lane::Spare) {
    if (const auto challenge = paths_.heard(route, desk_.now, desk_.random)) {
      send_challenge(*challenge, Pace::Now);
    }
  }
  if (opened->header.circuit.value != 0) {
    if (opened->lane != Lane::Spare) {
      moved(datagram.bytes.size());
      if (paths_.busy(datagram.socket, desk_.now)) touch();
    }
    CellHeader header = opened->header;
    header.lane = opened->lane;
    desk_.events->on_cell(slot_, header, opened->onion, desk_.now);
    return;
  }
  const bool large = datagram.bytes.size() == wire::kLargeDatagram;
  const CellSize size = large ? CellSize::Large : CellSize::Small;
  read_link_cell(session, *opened, {route, size, opened->lane, false});
}

void Link::sign_of_life(Session& session) {
  if (!session.confirmed()) {
    // Step L13: the first authentic cell shows that the initiator has the keys.
    session.confirm();
    // Who made this cell has read our answer: where that went is proven.
    const bool answered = session.start().epoch == call_.epoch;
    confirmed(session, answered ? call_.from : paths_.control());
  } else if (!up_ && sessions_.sending() != nullptr) {
    go_up(paths_.control());
  }
}

void Link::read_link_cell(const Session& session, const Session::Opened& cell,
                          const Arrival& arrival) {
  const MutableBytes plain = MutableBytes(desk_.opened).first(cell.onion.size());
  if (!session.open_link_onion(cell.header.counter, cell.onion, plain)) return malformed();
  const auto frame = wire::parse_link_frame(crypto::body_of(ByteView(plain)));
  if (!frame) return malformed();
  // A spare asks for nothing: a thousand silent links cost no more than reading them.
  if (arrival.lane != Lane::Spare) touch();
  std::visit([&](const auto& f) { read_frame(f, session, arrival); }, *frame);
}

void Link::malformed() {
  ++desk_.counters.malformed;
  ++faults_;
}

void Link::read_frame(const wire::BuildFrame& frame, const Session&, const Arrival&) {
  desk_.events->on_build(slot_, frame, desk_.now);
}

void Link::read_frame(const wire::BuiltFrame& frame, const Session&, const Arrival&) {
  desk_.events->on_built(slot_, frame, desk_.now);
}

void Link::read_frame(const wire::PadFrame& frame, const Session&, const Arrival& arrival) {
  // Step L29: only a whole L datagram proves that L passes.
  if (frame.token == 0 || arrival.reassembled || arrival.size != CellSize::Large) return;
  send_control({wire::ProbeSeen{frame.token}});
}

void Link::read_frame(const wire::ControlFrame& frame, const Session&, const Arrival&) {
  if (!same_channel(frame)) return;
  if (!channel_.receive(frame)) return malformed();
  while (const auto message = channel_.pop()) read_control(*message);
}

bool Link::same_channel(const wire::ControlFrame& frame) {
  // Step K6. Removed and added again, a friend has the same boot id but knows nothing of us.
  if (frame.from == peer_channel_before_) return false;
  if (frame.from != peer_channel_) {
    const bool known = peer_channel_ != 0;
    if (known && !renewals_.take(desk_.now)) return false;
    peer_channel_before_ = std::exchange(peer_channel_, frame.from);
    if (known) began_anew();
  }
  return frame.to == 0 || frame.to == channel_id_;
}

void Link::read_frame(const wire::DestroyFrame& frame, const Session&, const Arrival&) {
  desk_.events->on_destroy(slot_, frame.circuit, frame.reason, desk_.now);
}

void Link::read_frame(const wire::FragFrame& frame, const Session& session,
                      const Arrival& arrival) {
  // Step L30. A piece inside a reassembled cell would let a friend nest them without end.
  if (arrival.reassembled || arrival.size != CellSize::Small) return malformed();
  if (!reassembly_) reassembly_ = std::make_unique<Reassembly>();
  const ByteView whole = reassembly_->add(session.start().epoch, frame, desk_.now);
  if (whole.empty()) return;
  CellHeader header = fragmented_header(whole);
  header.lane = arrival.lane;
  if (header.circuit.value != 0) {
    moved(fragmented_onion(whole).size());
    if (paths_.busy(arrival.route.socket, desk_.now)) touch();
    desk_.events->on_cell(slot_, header, fragmented_onion(whole), desk_.now);
    return;
  }
  const Session::Opened cell{Lane::Link, header, fragmented_onion(whole)};
  read_link_cell(session, cell, {arrival.route, CellSize::Large, arrival.lane, true});
}

void Link::read_frame(const wire::PathChallengeFrame& frame, const Session&,
                      const Arrival& arrival) {
  // Step L22: back to where it came from, so that the answer proves that address. More than an
  // honest friend asks is not answered: lane 0 goes before everybody's data.
  if (!challenges_.take(desk_.now)) return;
  const bool prompt = frame.pace == wire::AnswerPace::AtOnce;
  send_frame(wire::PathResponseFrame{frame.token},
             {arrival.route, CellSize::Small, prompt ? Pace::Now : waiting()});
}

void Link::read_frame(const wire::PathResponseFrame& frame, const Session&, const Arrival&) {
  const auto answered = paths_.answered(frame.token, desk_.now);
  if (!answered) return;
  if (answered->rtt) rtt_.sample(*answered->rtt);
  if (answered->moved) {
    ++desk_.counters.roamed;
    size_.restart(desk_.now);
    renew_spares();
  }
  learned_endpoint();
}

void Link::read_control(ByteView message) {
  const auto control = desk_.codec.decode(message);
  if (!control) return malformed();
  const auto take = [&]<typename M>(const M& m) {
    constexpr bool ours = std::is_same_v<M, wire::Hello> || std::is_same_v<M, wire::ProbeSeen> ||
                          std::is_same_v<M, wire::RekeyOffer> ||
                          std::is_same_v<M, wire::RekeyAnswer>;
    if constexpr (ours) {
      handle(m);
    } else {
      desk_.events->on_control(slot_, *control, desk_.now);
    }
  };
  std::visit(take, control->message);
}

void Link::handle(const wire::Hello& hello) {
  if (!hellos_.take(desk_.now)) return;
  paths_.announced(hello.data_sockets.view(), desk_.now);
  slots_.theirs = lane_of(hello.idle);
  if (slots_.friend_flows()) {
    paths_.rest();
  } else {
    paths_.rouse(desk_.now);
  }
  desk_.tend = true;
}

void Link::handle(const wire::ProbeSeen& seen) {
  size_.seen(seen.token, desk_.now);
}

}  // namespace covfefe::core
