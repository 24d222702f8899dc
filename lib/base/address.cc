// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <charconv>

namespace covfefe {
namespace {

constexpr std::size_t kGroups = 8;

std::optional<std::uint32_t> number(std::string_view text, int base, std::uint32_t most) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc{} || stop != end || value > most) return std::nullopt;
  return value;
}

bool parse_v4(std::string_view text, std::uint8_t* out) {
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) return false;
    const std::string_view part = text.substr(0, dot);
    const auto value = number(part, 10, 255);
    // inet_pton's rule: no leading zeros, which other parsers read as octal.
    if (!value || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return false;
    out[i] = static_cast<std::uint8_t>(*value);
    if (i < 3) text.remove_prefix(dot + 1);
  }
  return true;
}

struct Groups {
  ByteArray<16> bytes{};
  std::size_t count = 0;  // 16-bit groups written
};

bool parse_groups(std::string_view text, Groups& out) {
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    if (part.find('.') != std::string_view::npos) {
      if (colon != std::string_view::npos || out.count + 2 > kGroups) return false;
      if (!parse_v4(part, out.bytes.data() + 2 * out.count)) return false;
      out.count += 2;
      return true;
    }
    const auto value = number(part, 16, 0xffff);
    if (!value || part.size() > 4 || out.count == kGroups) return false;
    store_be<std::uint16_t>(out.bytes.data() + 2 * out.count++, static_cast<std::uint16_t>(*value));
    if (colon == std::string_view::npos) return true;
    text.remove_prefix(colon + 1);
    if (text.empty()) return false;
  }
  return true;
}

std::optional<Address> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  Groups head;
  if (!parse_groups(text.substr(0, gap), head)) return std::nullopt;
  if (gap == std::string_view::npos) {
    if (head.count != kGroups) return std::nullopt;
    return Address{head.bytes};
  }
  if (text.substr(0, gap).find('.') != std::string_view::npos) return std::nullopt;
  Groups tail;
  if (!parse_groups(text.substr(gap + 2), tail)) return std::nullopt;
  if (head.count + tail.count >= kGroups) return std::nullopt;
  Address out{head.bytes};
  copy(ByteView(tail.bytes).first(2 * tail.count), MutableBytes(out.bytes).last(2 * tail.count));
  return out;
}

struct Run {
  std::size_t first = 0;
  std::size_t length = 0;
};

Run longest_zero_run(const Address& address) {
  Run best;
  Run now;
  for (std::size_t i = 0; i < kGroups; ++i) {
    if (load_be<std::uint16_t>(address.bytes.data() + 2 * i) != 0) {
      now = {};
      continue;
    }
    if (now.length == 0) now.first = i;
    if (++now.length > best.length) best = now;
  }
  return best.length > 1 ? best : Run{};
}

void append_group(std::string& out, const Address& address, std::size_t i) {
  char text[4];
  const auto value = load_be<std::uint16_t>(address.bytes.data() + 2 * i);
  out.append(text, std::to_chars(text, text + sizeof text, value, 16).ptr);
}

}  // namespace

bool Address::is_mapped_v4() const {
  return all_zero(ByteView(bytes).first(10)) && bytes[10] == 0xff && bytes[11] == 0xff;
}

std::optional<Address> parse_address(std::string_view text) {
  if (text.empty() || text.size() > 45) return std::nullopt;
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  Address out;
  out.bytes[10] = out.bytes[11] = 0xff;
  if (!parse_v4(text, out.bytes.data() + 12)) return std::nullopt;
  return out;
}

std::string format_address(const Address& address) {
  std::string out;
  if (address.is_mapped_v4()) {
    for (std::size_t i = 12; i < 16; ++i) {
      out += (i > 12 ? "." : "") + std::to_string(address.bytes[i]);
    }
    return out;
  }
  const Run gap = longest_zero_run(address);
  for (std::size_t i = 0; i < kGroups;) {
    if (gap.length != 0 && i == gap.first) {
      out += "::";
      i += gap.length;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    append_group(out, address, i++);
  }
  return out;
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string_view::npos) return std::nullopt;
  const auto address = parse_address(host);
  const auto port = number(text.substr(colon + 1), 10, 65'535);
  if (!address || !port || *port == 0) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(*port), 0};
}

std::string format_endpoint(const Endpoint& endpoint) {
  const std::string host = format_address(endpoint.ip);
  const std::string port = std::to_string(endpoint.port);
  return endpoint.ip.is_mapped_v4() ? host + ":" + port : "[" + host + "]:" + port;
}

}  // namespace covfefe
