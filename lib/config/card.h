// SPDX-License-Identifier: Apache-2.0
// Friend cards: what one person hands to another so that their nodes know each other. A card comes
// from outside and is hostile until proven: here only its shape is judged. Whether static_sig and
// address belong to the keys is for lib/crypto, and the caller must ask.
// identity.yaml, written by init, is a card without endpoints.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "config/yaml.h"

namespace covfefe::config {

inline constexpr std::uint32_t kCardVersion = 1;
inline constexpr std::size_t kMaxCardText = 4096;  // bytes; a full card is about 900
inline constexpr std::size_t kMaxCardEndpoints = 8;
inline constexpr std::string_view kIdentityPath = "etc/covfefe/identity.yaml";  // below --root

struct Card {
  std::string name;              // suggested: 1..63 of [a-z0-9-]
  ByteArray<32> identity_key{};  // Ed25519
  ByteArray<32> static_key{};    // X25519
  ByteArray<64> static_sig{};    // Ed25519 by identity_key over "covfefe static v1" ‖ static_key
  ByteArray<32> service_key{};   // Ed25519
  Address address;               // overlay address of service_key
  std::vector<std::string> endpoints;  // "HOST:PORT", newest first, at most kMaxCardEndpoints

  auto operator<=>(const Card&) const = default;
};

[[nodiscard]] ConfigResult<Card> parse_card(std::string_view text, std::string_view file_name);
// Refuses unknown keys, missing keys, wrong lengths, all-zero keys, addresses outside fd00::/8 and
// endpoints that are not is_valid_host_port.

[[nodiscard]] std::string emit_card(const Card& card);
// One document that parse_card reads back as the same card.

struct HostPort {
  std::string host;  // address or DNS name, without brackets
  std::uint16_t port = 0;
};

[[nodiscard]] bool is_valid_host_port(std::string_view text);
// "192.0.2.1:6363", "[2001:db8::1]:6363" or "node.example.org:6363". Nothing is resolved.
[[nodiscard]] HostPort split_host_port(std::string_view text);
// Of a text that is_valid_host_port; anything else is a bug.

}  // namespace covfefe::config
