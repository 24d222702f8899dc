// SPDX-License-Identifier: Apache-2.0
#include "wire/ip.h"

namespace covfefe::wire {
namespace {

enum : std::uint8_t { kUnreachable = 1, kTooBig = 2, kEchoRequest = 128, kEchoReply = 129 };

constexpr std::size_t kIcmpHead = 8;  // type, code, checksum 2, four bytes of the type's own
constexpr std::uint8_t kHopLimit = 64;

struct IcmpHead {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;
};

struct IcmpMessage {
  AddressPair addresses;
  IcmpHead head;
  ByteView data;
};

std::size_t write_icmp(const IcmpMessage& message, MutableBytes out) {
  const std::size_t payload = kIcmpHead + message.data.size();
  if (payload > kIpPayloadMost || out.size() < kIpv6Header + payload) return 0;
  const MutableBytes body = out.subspan(kIpv6Header, payload);
  copy(message.data, body.subspan(kIcmpHead));
  body[0] = message.head.type;
  body[1] = message.head.code;
  store_be<std::uint16_t>(body.data() + 2, 0);
  store_be<std::uint32_t>(body.data() + 4, message.head.rest);
  Ipv6Packet packet;
  packet.next_header = kNextIcmp6;
  packet.hop_limit = kHopLimit;
  packet.source = message.addresses.source;
  packet.destination = message.addresses.destination;
  packet.payload = body;
  store_be<std::uint16_t>(body.data() + 2, transport_checksum(packet));
  return write_ipv6(packet, out);
}

bool is_unicast(ByteView address) {
  return address[0] != 0xff && !all_zero(address);
}

std::size_t write_error(ByteView offending, const Address& from, IcmpHead head, MutableBytes out) {
  if (!may_answer_with_error(offending)) return 0;
  IcmpMessage message;
  message.addresses.source = from;
  copy(offending.subspan(8, 16), message.addresses.destination.bytes);
  message.head = head;
  message.data = offending.first(std::min(offending.size(), kIpPayloadMost - kIcmpHead));
  return write_icmp(message, out);
}

}  // namespace

bool may_answer_with_error(ByteView packet) {
  // Not parse_ipv6: a packet that is too big is the very thing to answer.
  if (packet.size() < kIpv6Header || packet[0] >> 4 != 6) return false;
  if (load_be<std::uint16_t>(packet.data() + 4) != packet.size() - kIpv6Header) return false;
  if (!is_unicast(packet.subspan(8, 16)) || !is_unicast(packet.subspan(24, 16))) return false;
  if (packet[6] != kNextIcmp6) return true;
  return packet.size() > kIpv6Header && packet[kIpv6Header] >= kEchoRequest;
}

std::size_t write_unreachable(ByteView offending, const Address& from, Unreachable code,
                              MutableBytes out) {
  return write_error(offending, from, {kUnreachable, static_cast<std::uint8_t>(code), 0}, out);
}

std::size_t write_too_big(ByteView offending, const Address& from, std::uint32_t mtu,
                          MutableBytes out) {
  return write_error(offending, from, {kTooBig, 0, mtu}, out);
}

std::size_t write_echo(const Echo& echo, MutableBytes out) {
  const std::uint8_t type = echo.reply ? kEchoReply : kEchoRequest;
  const std::uint32_t rest = (std::uint32_t{echo.id} << 16) | echo.sequence;
  return write_icmp({echo.addresses, {type, 0, rest}, echo.data}, out);
}

Result<Echo> parse_echo(ByteView packet) {
  const auto parsed = parse_ipv6(packet);
  if (!parsed) return parsed.error();
  const ByteView body = parsed->payload;
  if (parsed->next_header != kNextIcmp6) return Reject::WrongType;
  if (body.size() < kIcmpHead) return Reject::WrongLength;
  if (body[0] != kEchoRequest && body[0] != kEchoReply) return Reject::WrongType;
  if (body[1] != 0) return Reject::WrongValue;
  if (transport_checksum(*parsed) != 0) return Reject::Forged;
  Echo out;
  out.addresses = {parsed->source, parsed->destination};
  out.reply = body[0] == kEchoReply;
  out.id = load_be<std::uint16_t>(body.data() + 4);
  out.sequence = load_be<std::uint16_t>(body.data() + 6);
  out.data = body.subspan(kIcmpHead);
  return out;
}

}  // namespace covfefe::wire
