// SPDX-License-Identifier: Apache-2.0
// Whole IPv6 packets with anything in them, under a one-time address and back again. The first byte
// chooses the side; both addresses of the packet are taken as they come.
#include <vector>

#include "base/bug.h"
#include "wire/ip.h"
#include "wire/nat.h"

using namespace covfefe;
using namespace covfefe::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 + kIpv6Header || size > 1 + kTunMtu) return 0;
  std::vector<std::uint8_t> packet(data + 1, data + size);
  packet[0] = static_cast<std::uint8_t>(0x60 | (packet[0] & 0x0f));
  store_be(packet.data() + 4, static_cast<std::uint16_t>(packet.size() - kIpv6Header));
  const auto parsed = parse_ipv6(packet);
  if (!parsed) bug("made to be whole");
  const bool source = (data[0] & 1) != 0;
  Readdress there{source ? Side::Source : Side::Destination,
                  source ? parsed->source : parsed->destination,
                  *parse_address("fd00:1234:5678:9abc:def0::1")};
  const std::uint16_t before = transport_checksum(*parsed);
  std::vector<std::uint8_t> changed = packet;
  if (!readdress(changed, there)) return 0;
  const auto moved = parse_ipv6(changed);
  if (!moved || moved->payload.size() != parsed->payload.size()) bug("no whole packet any more");
  if (before == 0 && packet[6] != kNextUdp && transport_checksum(*moved) != 0) {
    bug("a right checksum became a wrong one");
  }
  if (!readdress(changed, {there.side, there.to, there.from})) bug("no way back");
  const auto back = parse_ipv6(changed);
  if (!back || back->source != parsed->source || back->destination != parsed->destination) {
    bug("another address than before");
  }
  return 0;
}
