// SPDX-License-Identifier: Apache-2.0
// Circuit builds through the code of every party. The input, stretched with zeros to a packet, is
// taken for: a packet from a neighbour (which opens only if it is one of the corpus' own); the
// contents that a hostile origin sealed properly; what the next hop sent back; and what came back
// to the origin. Key pairs are fixed, so that a corpus can hold packets that open.
#include <vector>

#include "base/bug.h"
#include "crypto/build.h"
#include "crypto/drbg.h"

using namespace covfefe;
using namespace covfefe::crypto;

namespace {

constexpr std::size_t kMost = 2 * kBuildPacketSize;

struct Fixed {
  Fixed() : random(KeyView(ByteArray<32>{42})), onion(make_key_pair(random)) {
    if (!init()) bug("libsodium does not start");
  }
  Drbg random;
  KeyPair onion;
};

bool granted(const BuildRecordBytes& reply) {
  return reply[0] == 0;
}

HopBuild require_hop(Fixed& with, const OpenedRecord& opened, ByteView packet) {
  auto hop = HopBuild::answer({opened, with.onion.public_key, packet}, with.random);
  if (!hop) bug("a packet that opened is refused by the router");
  return std::move(*hop);
}

// A packet as it came: whatever opens must not open with any bit changed.
void from_neighbour(Fixed& with, ByteView packet) {
  auto opened = open_build(with.onion, packet);
  if (!opened) return;
  BuildPacket next{};
  require_hop(with, *opened, packet).pass(next);
  (void)open_build(with.onion, next);
  BuildPacket bent{};
  copy(packet, bent);
  for (std::size_t at = 0; at < bent.size(); at += 31) {
    bent[at] ^= 4;
    if (open_build(with.onion, bent).ok()) bug("a changed packet opens");
    bent[at] ^= 4;
  }
}

// Sealed properly, with a record and a payload of the input's own.
void from_origin(Fixed& with, const BuildPacket& text) {
  BuildStop stop{with.onion.public_key, {}};
  copy(ByteView(text).first(kBuildRecordSize), stop.record);
  const ByteView payload = ByteView(text).subspan(kBuildRecordSize, kBuildPayloadSize);
  BuildPacket packet{};
  const auto origin = OriginBuild::make({&stop, 1}, payload, with.random, packet);
  if (!origin) bug("a good key is refused");
  const auto opened = open_build(with.onion, packet);
  if (!opened || opened->record != stop.record) bug("an honest packet does not open");
  const HopBuild hop = require_hop(with, *opened, packet);
  if (!std::ranges::equal(hop.payload(), payload)) bug("another payload");
  BuildRecordBytes reply{};
  copy(ByteView(text).subspan(4, kBuildRecordSize), reply);
  BuildPacket back{};
  hop.wrap(reply, text, back);
  if (origin->open(back, granted).complete) bug("an answer that nobody sealed is complete");
  hop.finish(reply, ByteView(text).last(kBuildAnswerSize), back, with.random);
  const auto found = origin->open(back, granted);
  if (found.replies.size() != 1 || found.replies[0] != reply) bug("another reply");
  if (found.complete != granted(reply)) bug("complete without a grant, or not with one");
  if (!origin->open(text, granted).replies.empty()) bug("a reply that nobody sealed opens");
}

// The keystore is another process: the router must bear whatever it says.
void from_keystore(Fixed& with, const BuildPacket& text) {
  OpenedRecord opened;
  copy(text, opened.record);
  copy(ByteView(text).subspan(40), opened.k1.mutable_view());
  copy(ByteView(text).subspan(72), opened.rest);
  const auto hop = HopBuild::answer({opened, with.onion.public_key, text}, with.random);
  BuildPacket next{};
  if (hop) hop->pass(next);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kMost) return 0;
  Fixed with;
  from_neighbour(with, {data, size});
  BuildPacket text{};
  copy({data, size}, text);
  from_neighbour(with, text);
  from_origin(with, text);
  from_keystore(with, text);
  return 0;
}
