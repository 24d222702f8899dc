// SPDX-License-Identifier: Apache-2.0
#include "config/card.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/check.h"
#include "base/hex.h"
#include "config/config.h"

namespace covfefe::config {
namespace {

using Problem = std::optional<std::string>;

template <std::size_t N>
Problem read_key(const Node& node, ByteArray<N>& key) {
  if (!from_hex(node.text, key))
    return "must be exactly " + std::to_string(2 * N) + " hexadecimal digits";
  if (all_zero(key)) return "is all zero";
  return {};
}

Problem read_version(const Node& node, Card&) {
  if (node.text != std::to_string(kCardVersion))
    return "is a card version that this program does not know; it reads version 1";
  return {};
}

Problem read_name(const Node& node, Card& card) {
  if (!is_valid_name(node.text)) return "must be 1..63 of a-z, 0-9 and '-'";
  card.name = node.text;
  return {};
}

Problem read_identity_key(const Node& node, Card& card) {
  return read_key(node, card.identity_key);
}
Problem read_static_key(const Node& node, Card& card) {
  return read_key(node, card.static_key);
}
Problem read_static_sig(const Node& node, Card& card) {
  return read_key(node, card.static_sig);
}
Problem read_service_key(const Node& node, Card& card) {
  return read_key(node, card.service_key);
}

Problem read_address(const Node& node, Card& card) {
  const auto address = parse_address(node.text);
  if (!address || !address->is_overlay()) return "must be an IPv6 address within fd00::/8";
  card.address = *address;
  return {};
}

Problem read_endpoints(const Node& node, Card& card) {
  if (node.is_null()) return {};
  if (node.kind != Node::Kind::List) return "must be a list of HOST:PORT";
  if (node.items.size() > kMaxCardEndpoints) return "has more than 8 entries";
  for (const Node& item : node.items) {
    if (item.kind != Node::Kind::Scalar || !is_valid_host_port(item.text))
      return "each entry must be HOST:PORT, for example 192.0.2.1:6363 or [2001:db8::1]:6363";
    card.endpoints.push_back(item.text);
  }
  return {};
}

enum class Need : std::uint8_t { Required, Optional };

struct Field {
  std::string_view name;
  Problem (*read)(const Node&, Card&);
  Node::Kind kind = Node::Kind::Scalar;
  Need need = Need::Required;
};

// The version comes first: of a card of another version, no other complaint would be fair.
constexpr std::array<Field, 8> kFields{{
    {"covfefe_card", read_version},
    {"name", read_name},
    {"identity_key", read_identity_key},
    {"static_key", read_static_key},
    {"static_sig", read_static_sig},
    {"service_key", read_service_key},
    {"address", read_address},
    {"endpoints", read_endpoints, Node::Kind::List, Need::Optional},
}};

std::optional<ConfigError> refuse_unknown(const Node& root, const std::string& file) {
  for (const auto& [name, value] : root.members) {
    const bool known =
        std::any_of(kFields.begin(), kFields.end(),
                    [&name = name](const Field& field) { return field.name == name; });
    if (!known) return ConfigError{file, value.line, name, "is not a key of a friend card"};
  }
  return {};
}

bool is_label(std::string_view label) {
  constexpr std::size_t kMaxLabel = 63;  // RFC 1035
  if (label.empty() || label.size() > kMaxLabel) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool is_number(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// RFC 1123, but a name whose last label is a number would be read by resolvers as an address.
bool is_dns_name(std::string_view host) {
  constexpr std::size_t kMaxHost = 253;
  if (host.empty() || host.size() > kMaxHost) return false;
  for (;;) {
    const std::size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !is_number(label);
    host.remove_prefix(dot + 1);
  }
}

bool is_usable(const Address& address) {
  const bool unspecified = address == Address{} || address == parse_address("0.0.0.0");
  const bool multicast = address.bytes[0] == 0xff;
  const bool multicast4 = address.is_mapped_v4() && address.bytes[12] >= 224;
  return !unspecified && !multicast && !multicast4;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = fault == std::errc{} && end == text.data() + text.size();
  if (!whole || port == 0 || text.front() == '0') return {};
  return port;
}

std::optional<HostPort> split(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  const auto port = parse_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (!port || host.empty()) return {};
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = parse_address(host);
  // Brackets are for IPv6 and only for it; without them the colons would be the port's.
  if (bracketed != (host.find(':') != std::string_view::npos)) return {};
  if (address ? !is_usable(*address) : bracketed || !is_dns_name(host)) return {};
  return HostPort{std::string(host), *port};
}

}  // namespace

ConfigResult<Card> parse_card(std::string_view text, std::string_view file_name) {
  const std::string file(file_name);
  if (text.size() > kMaxCardText)
    return ConfigError{file, 0, {}, "longer than 4096 bytes: not a friend card"};
  ConfigResult<Node> root = parse_yaml(text, file_name);
  if (!root.ok()) return root.error();
  Card card;
  for (const Field& field : kFields) {
    const std::string key(field.name);
    const Node* node = root->find(key);
    if (node == nullptr && field.need == Need::Optional) continue;
    if (node == nullptr) return ConfigError{file, 0, key, "is missing: not a whole friend card"};
    if (node->kind != field.kind && !node->is_null())
      return ConfigError{file, node->line, key, "is not of the kind that a card has here"};
    if (const Problem problem = field.read(*node, card))
      return ConfigError{file, node->line, key, *problem};
  }
  if (const auto unknown = refuse_unknown(*root, file)) return *unknown;
  return card;
}

std::string emit_card(const Card& card) {
  std::string out = "covfefe_card: " + std::to_string(kCardVersion) + "\n";
  out += "name: " + quote(card.name) + "\n";
  out += "identity_key: " + quote(to_hex(card.identity_key)) + "\n";
  out += "static_key: " + quote(to_hex(card.static_key)) + "\n";
  out += "static_sig: " + quote(to_hex(card.static_sig)) + "\n";
  out += "service_key: " + quote(to_hex(card.service_key)) + "\n";
  out += "address: " + quote(format_address(card.address)) + "\n";
  if (card.endpoints.empty()) return out + "endpoints: []\n";
  out += "endpoints:\n";
  for (const std::string& endpoint : card.endpoints) out += "  - " + quote(endpoint) + "\n";
  return out;
}

bool is_valid_host_port(std::string_view text) {
  return split(text).has_value();
}

HostPort split_host_port(std::string_view text) {
  std::optional<HostPort> parts = split(text);
  CHECK(parts.has_value());
  return *std::move(parts);
}

}  // namespace covfefe::config
