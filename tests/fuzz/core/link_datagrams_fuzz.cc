// SPDX-License-Identifier: Apache-2.0
// Datagrams from anywhere on any socket of a node whose link is up: {source 1, socket 1, length 2,
// bytes} after each other. Whatever they are, the link stays up and carries the next cell.
#include <cstdlib>

#include "tests/unit/core/link_world.h"

using namespace covfefe;
using namespace covfefe::test;

namespace {

struct Target {
  World world;
  Node& a = world.add();
  Node& b = world.add();

  Target() {
    a.befriend(b);
    b.befriend(a);
    a.load_friends();
    b.load_friends();
    const auto up = [&] { return a.up(b) && b.up(a); };
    if (!world.run_until(up, Duration::seconds(5))) std::abort();
    world.run_for(Duration::seconds(1));
  }

  void feed(Reader& in) {
    const auto source = in.le<std::uint8_t>();
    const auto socket = in.le<std::uint8_t>();
    const std::size_t length = in.le<std::uint16_t>() % 1500u;
    Packet packet;
    packet.bytes.resize(length);
    copy(in.take(std::min<std::size_t>(in.remaining(), length)), packet.bytes);
    packet.from = a.sockets[source % 3];
    if (source > 127) packet.from.ip = test_ip(60, source);
    packet.to = b.sockets[socket % 3];
    b.receive(packet, socket % 3);
    world.run_for(Duration::millis(1));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Target target;
  Reader in(ByteView(data, size));
  for (int i = 0; i < 16 && in.remaining() > 4; ++i) target.feed(in);
  const std::size_t before = target.b.cells.size();
  target.a.send_data(target.a.slot(target.b), core::Lane::Bulk, core::CellSize::Small);
  target.world.run_for(Duration::millis(50));
  if (target.b.cells.size() != before + 1) std::abort();
  target.b.cells.clear();
  target.a.cells.clear();
  return 0;
}
