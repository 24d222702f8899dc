// SPDX-License-Identifier: Apache-2.0
// IPv6 addresses and UDP endpoints as values, and their text forms. IPv4 is written mapped
// (::ffff:a.b.c.d), as dual-stack sockets see it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace covfefe {

struct Address {
  ByteArray<16> bytes{};
  auto operator<=>(const Address&) const = default;
  [[nodiscard]] bool is_overlay() const { return bytes[0] == 0xfd; }  // fd00::/8
  [[nodiscard]] bool is_mapped_v4() const;
};

struct Endpoint {
  Address ip;
  std::uint16_t port = 0;      // host order
  std::uint32_t scope_id = 0;  // interface of a link-local address, else 0
  auto operator<=>(const Endpoint&) const = default;
};

[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
// RFC 4291 text (with :: and an embedded IPv4 tail) or dotted IPv4, which is returned mapped.
[[nodiscard]] std::string format_address(const Address& address);
// RFC 5952 canonical text; a mapped address as plain dotted IPv4.

[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text);
// "192.0.2.1:6363" or "[2001:db8::1]:6363"; names are not resolved; port 1..65535.
[[nodiscard]] std::string format_endpoint(const Endpoint& endpoint);

}  // namespace covfefe

template <>
struct std::hash<covfefe::Address> {
  std::size_t operator()(const covfefe::Address& a) const noexcept {
    return static_cast<std::size_t>(
        covfefe::load_le<std::uint64_t>(a.bytes.data() + 8) ^
        (covfefe::load_le<std::uint64_t>(a.bytes.data()) * 0x9e3779b97f4a7c15ULL));
  }
};
