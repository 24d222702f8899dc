// SPDX-License-Identifier: Apache-2.0
// A whole discovery whose friend says anything at any time: two length bytes, a wait in units of
// 100 ms, a message. Paths stay paths.
#include <cstdlib>

#include "../../unit/core/discovery_world.h"
#include "base/bug.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::core::test;

namespace {

void check_paths(DiscoveryWorld& world) {
  for (const CircuitPath& path : world[0].paths(2, 4)) {
    if (path.hops.size() < 2) bug("a path that ends at its entry");
    for (std::size_t i = 0; i < path.hops.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (path.hops[i].tag == path.hops[j].tag) bug("a path with a node twice");
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  DiscoveryWorld world(3);
  world.befriend(0, 1);
  world.befriend(1, 2);
  world.run(Duration::seconds(3));
  rpc::ControlCodec codec;
  Reader in({data, size});
  while (in.remaining() > 3) {
    const std::size_t length = in.le<std::uint16_t>() % (wire::kControlMostLarge + 1);
    world.run(Duration::millis(in.le<std::uint8_t>() * 100));
    const auto message = codec.decode(in.take(std::min(length, in.remaining())));
    // Offer to NameAnswer: what links and promises answer themselves never comes this far.
    const std::size_t kind = message ? message->message.index() : 0;
    if (kind >= 7 && kind <= 12) world.inject(0, 1, *message);
    check_paths(world);
  }
  return 0;
}
