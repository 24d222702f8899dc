// SPDX-License-Identifier: Apache-2.0
#include "hostile_parts.h"

#include "config/card.h"
#include "crypto/sign.h"
#include "tests/support/fake_keystore.h"

namespace covfefe::bench {

std::string hostile_card(const std::string& name, const std::string& endpoint) {
  const test::FakeKeystore keys(kHostileSeed);
  ByteArray<32> seed{};
  seed.fill(kHostileSeed);
  const crypto::SigningPair identity = crypto::signing_pair(seed);
  std::string text = "covfefe static v1";
  text.append(reinterpret_cast<const char*>(keys.static_key().data()), keys.static_key().size());
  config::Card card;
  card.name = name;
  card.identity_key = identity.public_key;
  card.static_key = keys.static_key();
  card.static_sig = crypto::sign(identity, bytes_of(text));
  card.service_key = keys.service_key();
  card.address = keys.address();
  card.endpoints = {endpoint};
  return config::emit_card(card);
}

wire::Control hostile_message(std::uint32_t turn) {
  switch (turn % 10) {
    case 0:
      return {wire::Need{turn + 1, 1'000 + turn % 50'000, 1'000, wire::PromiseClass::Realtime,
                         turn % 3'600, 60 + turn % 3'600, 0}};
    case 1:
      return {wire::Extend{turn, 60}};
    case 2:
      return {wire::Release{turn - 1}};
    case 3:
      return {wire::DescriptorsChanged{turn}};
    case 4:
      return {wire::DescriptorsGet{}};
    case 5:
      return {wire::NameAsk{turn, "name-" + std::to_string(turn)}};
    case 6:
      return {wire::OnlineUntil{300 * (1 + turn % 100)}};
    case 7:
      return {wire::Please{turn, 60 * (1 + turn % 60)}};
    case 8: {  // it moves its data socket each time
      wire::Hello hello;
      hello.data_sockets.push_back({static_cast<std::uint16_t>(7'000 + turn % 1'000),
                                    wire::SocketClass::Bulk, wire::Direction::Both});
      return {hello};
    }
    default: {
      wire::Offer offer;
      offer.shown = turn % 20 == 9 ? wire::Shown::Reachable : wire::Shown::RelayOnly;
      return {offer};
    }
  }
}

}  // namespace covfefe::bench
