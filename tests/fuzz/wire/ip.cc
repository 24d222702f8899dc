// SPDX-License-Identifier: Apache-2.0
// Packets from the TUN device and packed ones from a peer; answers made for them.
#include <vector>

#include "base/bug.h"
#include "wire/ip.h"

namespace {

using namespace covfefe;
using namespace covfefe::wire;

void answers(ByteView packet) {
  std::vector<std::uint8_t> out(kTunMtu);
  const std::size_t n = write_unreachable(packet, Address{}, Unreachable::NoRoute, out);
  if ((n != 0) != may_answer_with_error(packet)) bug("answered against the rule");
  if (n == 0) return;
  const auto answer = parse_ipv6(ByteView(out).first(n));
  if (!answer || transport_checksum(*answer) != 0) bug("bad answer");
  if (write_too_big(packet, Address{}, kTunMtu, MutableBytes(out).first(40)) != 0) {
    bug("answer in too small a space");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  answers(bytes);
  std::vector<std::uint8_t> whole(kTunMtu);
  if (const auto n = unpack_ipv6(bytes, {}, whole); n.ok()) {
    std::vector<std::uint8_t> packed(kTunMtu);
    packed.resize(pack_ipv6(ByteView(whole).first(*n), packed));
    if (!std::ranges::equal(packed, bytes)) bug("packed form changed");
  }
  const auto packet = parse_ipv6(bytes);
  if (!packet) return 0;
  if (write_ipv6(*packet, whole) != size) bug("packet cannot be written");
  if (!std::ranges::equal(ByteView(whole).first(size), bytes)) bug("packet changed");
  if (const auto echo = parse_echo(bytes); echo.ok()) {
    if (write_echo(*echo, whole) != size) bug("echo cannot be written");
  }
  return 0;
}
