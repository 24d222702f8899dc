// SPDX-License-Identifier: Apache-2.0
// Every datagram from the network, and the payloads inside handshakes.
#include "base/bug.h"
#include "wire/handshake.h"

namespace {

using namespace covfefe;
using namespace covfefe::wire;

bool same_start(ByteView a, ByteView b, std::size_t n) {
  return std::ranges::equal(a.first(n), b.first(n));
}

void handshake(ByteView datagram) {
  if (const auto m = parse_initiation(datagram); m.ok()) {
    ByteArray<kInitiationSize> out{};
    write_initiation(*m, out);
    if (!same_start(out, datagram, kMac1At)) bug("initiation changed");
  }
  if (const auto m = parse_response(datagram); m.ok()) {
    ByteArray<kResponseSize> out{};
    write_response(*m, out);
    if (!same_start(out, datagram, kMac1At)) bug("response changed");
  }
  if (const auto m = parse_cookie_reply(datagram); m.ok()) {
    ByteArray<kCookieReplySize> out{};
    write_cookie_reply(*m, out);
    if (!same_start(out, datagram, kCookieReplySize)) bug("cookie reply changed");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto kind = classify(bytes);
  handshake(bytes);
  if (kind.ok() && *kind == DatagramKind::Initiation && parse_response(bytes).ok()) {
    bug("two kinds at once");
  }
  if (const auto p = parse_initiation_payload(bytes); p.ok()) {
    if (!same_start(write_payload(*p), bytes, kInitiationPayload)) bug("payload changed");
  }
  if (const auto p = parse_response_payload(bytes); p.ok()) {
    if (!same_start(write_payload(*p), bytes, kResponsePayload)) bug("payload changed");
  }
  return 0;
}
