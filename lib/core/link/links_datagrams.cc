// SPDX-License-Identifier: Apache-2.0
#include "core/link/links_parts.h"
#include "wire/handshake.h"

namespace covfefe::core {
namespace {

// The kernel delivers what says it is from port 0 or from no address; nothing can be sent there,
// and a frame for it would be a breach of the rings' rules.
bool answerable(const Endpoint& from) {
  static constexpr Address kNoV4{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
  return from.port != 0 && from.ip != Address{} && from.ip != kNoV4;
}

}  // namespace

void Links::Parts::read(const DatagramIn& datagram) {
  // Step L1, covfefe-protocol(7).
  ++desk.counters.datagrams_in;
  if (!answerable(datagram.from)) {
    ++desk.counters.wrong_source;
    return;
  }
  const auto kind = wire::classify(datagram.bytes);
  if (!kind || datagram.socket >= kSockets) {
    ++(kind.ok() || kind.error() == Reject::WrongLength ? desk.counters.wrong_length
                                                        : desk.counters.wrong_type);
    return;
  }
  using wire::DatagramKind;
  const bool cell = *kind == DatagramKind::SmallCell || *kind == DatagramKind::LargeCell;
  if (cell) {
    read_cell(datagram);
  } else if (datagram.socket != 0) {
    ++desk.counters.wrong_type;
  } else if (*kind == DatagramKind::Initiation) {
    read_initiation(datagram);
  } else if (*kind == DatagramKind::Response) {
    read_response(datagram);
  } else {
    read_cookie(datagram);
  }
}

void Links::Parts::read_cell(const DatagramIn& datagram) {
  const IndexEntry* entry = desk.indices.find(crypto::receiver_index(datagram.bytes).value);
  if (entry == nullptr || entry->session == nullptr) {
    unknown_index(datagram);
    return;
  }
  at(entry->slot)->receive(*entry->session, datagram);
}

void Links::Parts::unknown_index(const DatagramIn& datagram) {
  // Step L16: our friend may be sending to a session that died with an earlier run of this router.
  constexpr std::size_t kFriendsMost = 8;
  ++desk.counters.unknown_index;
  const auto [first, last] = desk.known_hosts.equal_range(datagram.from.ip);
  std::size_t knocked = 0;
  for (auto it = first; it != last && knocked < kFriendsMost; ++it, ++knocked) {
    at(it->second)->knock();
  }
}

void Links::Parts::read_initiation(const DatagramIn& datagram) {
  const auto initiation = wire::parse_initiation(datagram.bytes);
  if (!initiation) {
    ++desk.counters.wrong_type;
    return;
  }
  using Source = Doorman::Source;
  const Source source =
      desk.known_hosts.contains(datagram.from.ip) ? Source::FriendsHost : Source::Unknown;
  const Doorman::Verdict verdict =
      desk.keystore_up ? doorman.judge(datagram, source, desk.now) : Doorman::Verdict::Silence;
  if (verdict != Doorman::Verdict::Admit) ++desk.counters.handshakes_refused;
  if (verdict == Doorman::Verdict::Cookie) send_cookie(datagram, source);
  if (verdict != Doorman::Verdict::Admit) return;
  ++desk.counters.heeded;
  Respond ask;
  copy(initiation->noise, ask.message);
  ask.boot = desk.config.boot;
  doorman.wait(desk.ask(ask), {{0, datagram.from, datagram.to}, {initiation->sender}, desk.now});
}

void Links::Parts::send_cookie(const DatagramIn& datagram, Doorman::Source source) {
  // Step L3. 64 B for 256: never more than was sent to us.
  if (source == Doorman::Source::FriendsHost) {
    // In the friend's own queue: what strangers fill keeps no friend waiting.
    Link& link = *at(desk.known_hosts.find(datagram.from.ip)->second);
    link.send_handshake(doorman.cookie_reply(datagram, desk.now), {0, datagram.from, datagram.to});
    ++desk.counters.cookies_sent;
    return;
  }
  if (strangers.backlogged()) return;
  const Frame frame = desk.effects->acquire(Lane::Link);
  if (frame.bytes.empty()) return;
  const Doorman::CookieReply reply = doorman.cookie_reply(datagram, desk.now);
  copy(reply, frame.bytes);
  Posting posting;
  posting.to = datagram.from;
  posting.from = datagram.to;
  if (posting.to.scope_id == 0) posting.from.interface = 0;
  posting.length = static_cast<std::uint16_t>(reply.size());
  posting.tag = encode({0, desk.shaper_life, Posted::Handshake, FlowClass::Control,
                        strangers.post(desk.now, strangers_place++)});
  desk.effects->post(frame, posting);
  ++desk.counters.cookies_sent;
}

void Links::Parts::read_response(const DatagramIn& datagram) {
  const auto response = wire::parse_response(datagram.bytes);
  const IndexEntry* entry = response.ok() ? desk.indices.find(response->receiver) : nullptr;
  if (entry == nullptr || entry->session != nullptr ||
      !crypto::check_mac1(desk.own_mac1, datagram.bytes)) {
    ++desk.counters.handshakes_refused;
    return;
  }
  ++desk.counters.heeded;
  at(entry->slot)->read_response(datagram);
}

void Links::Parts::read_cookie(const DatagramIn& datagram) {
  const auto reply = wire::parse_cookie_reply(datagram.bytes);
  const IndexEntry* entry = reply.ok() ? desk.indices.find(reply->receiver) : nullptr;
  if (entry == nullptr || entry->session != nullptr) {
    ++desk.counters.handshakes_refused;
    return;
  }
  ++desk.counters.heeded;
  at(entry->slot)->read_cookie(datagram);
}

void Links::Parts::answer_caller(KeystoreReply& reply, const Caller& caller) {
  const auto* made = std::get_if<Established>(&reply.answer);
  const auto known = made != nullptr ? by_key.find(made->peer) : by_key.end();
  if (known == by_key.end()) {
    ++desk.counters.handshakes_refused;
    return;
  }
  at(known->second)->answer_caller(*made, caller);
}

}  // namespace covfefe::core
