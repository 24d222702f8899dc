// SPDX-License-Identifier: Apache-2.0
// Two routers with a live session, and an input that says what happens: packets from the TUN,
// datagrams of strangers, the friend's own datagrams bent at a place, cells that a friend sealed
// around arbitrary bodies, time. Nothing may abort, leak a frame or wedge the session.
#include <algorithm>
#include <cstdint>

#include "base/bug.h"
#include "tests/sim/world.h"

using namespace covfefe;
using namespace covfefe::sim;

namespace {

Bytes take(Reader& in) {
  const std::size_t size = std::min<std::size_t>(in.le<std::uint16_t>() % 1601, in.remaining());
  const ByteView bytes = in.take(size);
  return {bytes.begin(), bytes.end()};
}

void stranger(Pair& world, Reader& in) {
  const auto port = static_cast<std::uint16_t>(kControlPort + in.le<std::uint8_t>() % 3);
  world.send({{*parse_address("203.0.113.66"), 4444, 0}, {world.bob.ip, port, 0}, take(in)});
}

void packet(Pair& world, Reader& in) {
  Bytes bytes = take(in);
  const bool routable = in.le<std::uint8_t>() % 2 == 0 && bytes.size() >= 40;
  if (routable) {
    bytes[0] = static_cast<std::uint8_t>(0x60 | (bytes[0] & 0x0f));
    store_be<std::uint16_t>(bytes.data() + 4, static_cast<std::uint16_t>(bytes.size() - 40));
    copy(world.alice.keys.address().bytes, MutableBytes(bytes).subspan(8, 16));
    copy(world.bob.keys.address().bytes, MutableBytes(bytes).subspan(24, 16));
  }
  world.alice.tun(bytes);
}

void bend(Pair& world, Reader& in) {
  const std::uint16_t at = in.le<std::uint16_t>();
  const std::uint8_t with = in.le<std::uint8_t>();
  world.tap = [at, with](Datagram& d) {
    if (!d.bytes.empty()) d.bytes[at % d.bytes.size()] ^= with;
    return true;
  };
}

void act(Pair& world, Reader& in) {
  switch (in.le<std::uint8_t>() % 6) {
    case 0:
      return packet(world, in);
    case 1:
      return stranger(world, in);
    case 2:
      return bend(world, in);
    case 3:
      return world.run(Duration::millis(in.le<std::uint8_t>()));
    case 4:
      world.tap = [](Datagram&) { return true; };
      return;
    default:
      return world.alice.shaper(in.le<std::uint8_t>() % 2 == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Pair world(1);
  world.start();
  world.run(Duration::millis(200));
  Reader in(ByteView(data, size));
  for (int i = 0; i < 64 && in.remaining() > 0; ++i) act(world, in);
  world.tap = [](Datagram&) { return true; };
  world.alice.shaper(false);
  world.alice.shaper(true);
  world.run(Duration::seconds(40));
  world.alice.ping(world.bob, 1);
  world.alice.ping(world.bob, 2);
  if (!world.run_until(Duration::seconds(5), [&] { return world.alice.pongs() > 0; })) {
    bug("the session did not recover");
  }
  return 0;
}
