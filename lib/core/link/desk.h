// SPDX-License-Identifier: Apache-2.0
// What the links of one node share: the step's time and effects, randomness, receiver indices,
// counters, and the private memory in which onions stand before they are sealed into frames.
#pragma once

#include <deque>
#include <map>
#include <unordered_map>
#include <vector>

#include "core/cell_io.h"
#include "core/link/fragments.h"
#include "core/link/index_table.h"
#include "core/link/links.h"
#include "crypto/drbg.h"
#include "crypto/mac.h"

namespace covfefe::core {

struct LinkCounters {
  std::uint64_t datagrams_in = 0;
  std::uint64_t heeded = 0;        // of them, from a friend or admitted to the keystore
  std::uint64_t wrong_length = 0;  // no datagram of the protocol has this size
  std::uint64_t wrong_type = 0;
  std::uint64_t wrong_source = 0;  // from port 0 or no address: could never be answered
  std::uint64_t unknown_index = 0;
  std::uint64_t forged = 0;  // link tag
  std::uint64_t replayed = 0;
  std::uint64_t expired = 0;             // session over
  std::uint64_t malformed = 0;           // authentic cell, forbidden contents
  std::uint64_t handshakes_refused = 0;  // mac1, cookie or a limit
  std::uint64_t cookies_sent = 0;
  std::uint64_t handshakes_made = 0;
  std::uint64_t rekeys_made = 0;
  std::uint64_t roamed = 0;
  std::uint64_t no_frame = 0;     // nothing to seal into: quota used up, or no shaper
  std::uint64_t window_full = 0;  // lane held back (A3)
  std::uint64_t unsent = 0;       // completed without having been sent
  std::uint64_t spares_sent = 0;  // slots that had nothing better
  std::uint64_t reports_in = 0;
};

struct Desk {
  Desk(LinksConfig config_in, crypto::Drbg& random_in, wire::ControlCodec& codec_in)
      : config(std::move(config_in)),
        random(random_in),
        codec(codec_in),
        indices(static_cast<std::uint32_t>(random_in.next_u64())),
        own_mac1(crypto::mac1_key(config.static_key)) {}

  LinksConfig config;
  crypto::Drbg& random;
  wire::ControlCodec& codec;
  LinkEvents* events = nullptr;
  Effects* effects = nullptr;  // only within a step
  Instant now;
  IndexTable indices;
  crypto::PublicKey own_mac1;  // key of mac1 in what is sent to us
  LinkCounters counters;
  bool keystore_up = false;
  std::uint32_t spares = 0;       // sealed ahead and unsent, of all links
  bool tend = false;              // a link wants to be looked after, Links::Parts::tend()
  std::uint16_t shaper_life = 0;  // counts attachments: completions of an earlier one are void

  std::uint64_t last_request = 0;
  std::unordered_map<RequestId, std::uint32_t> asked;  // dialling link of each question
  std::deque<std::uint32_t> dial_queue;                // slots that want to dial
  std::vector<std::uint32_t> touched;                  // slots to flush at the end of the step
  std::multimap<Address, std::uint32_t> known_hosts;   // IP address → slots of friends seen there

  ByteArray<wire::kLargeOnion> cell_onion{};   // of open_cell .. send_cell
  ByteArray<wire::kLargeOnion> link_onion{};   // of a link frame being sealed
  ByteArray<wire::kSmallOnion> piece_onion{};  // of a FRAG cell being sealed
  ByteArray<wire::kLargeOnion> opened{};       // of a link frame being read
  FragmentedCell fragmented{};

  RequestId ask(decltype(KeystoreRequest::what) what) {
    const RequestId request{++last_request};
    effects->ask({request, std::move(what)});
    return request;
  }
};

}  // namespace covfefe::core
