// SPDX-License-Identifier: Apache-2.0
// The inside of Links: the table of friends, the door for handshakes, deadlines, and the one cell
// that may be open for sealing. Included by links*.cc only.
#pragma once

#include <map>

#include "core/link/deadlines.h"
#include "core/link/desk.h"
#include "core/link/doorman.h"
#include "core/link/link.h"

namespace covfefe::core {

struct Links::Parts {
  Parts(LinksConfig config, crypto::Drbg& random, wire::ControlCodec& codec)
      : desk(std::move(config), random, codec), doorman(desk.config.static_key, random) {}

  // links.cc
  [[nodiscard]] Link* at(std::uint32_t slot) const {
    return slot < links.size() ? links[slot].get() : nullptr;
  }
  void touch(std::uint32_t slot);
  void settle(std::uint32_t slot);
  void pump_dials();
  void tend();
  void insert(const Friend& who);
  void remove(std::uint32_t slot);
  void tell_places() const;

  // links_datagrams.cc
  void read(const DatagramIn& datagram);
  void read_cell(const DatagramIn& datagram);
  void read_initiation(const DatagramIn& datagram);
  void read_response(const DatagramIn& datagram);
  void read_cookie(const DatagramIn& datagram);
  void unknown_index(const DatagramIn& datagram);
  void send_cookie(const DatagramIn& datagram, Doorman::Source source);
  void answer_caller(KeystoreReply& reply, const Caller& caller);

  struct Open {
    Link* link = nullptr;  // none: no cell is open
    FlowClass as = FlowClass::Control;
    std::size_t onion = 0;
    Frame frame;
  };

  static constexpr Duration kTendEvery = Duration::millis(500);
  static constexpr std::uint32_t kFirstSlot = 1;  // slot 0 is the flow of answers to strangers

  Desk desk;
  Doorman doorman;
  std::vector<std::unique_ptr<Link>> links{kFirstSlot};
  std::vector<std::uint32_t> free_slots;
  std::map<FriendId, std::uint32_t> by_id;
  std::map<StaticKey, std::uint32_t> by_key;
  Deadlines deadlines;
  Bucket dials{{50, 50}};  // first messages to all friends together (A29)
  FlowLedger strangers;
  std::uint64_t strangers_place = 0;
  Instant tend_at = Instant::never();  // of all links together
  std::size_t tend_first = 0;
  Open open;
};

}  // namespace covfefe::core
