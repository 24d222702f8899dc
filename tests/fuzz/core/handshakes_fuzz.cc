// SPDX-License-Identifier: Apache-2.0
// Two nodes that have not met yet, and a network between them that the input steers: each byte says
// what becomes of the next datagram (through, lost, twice, late, bent, cut, back to its sender, a
// copy of an earlier one), of a router (restarted, keystore gone or back) or of time. Whatever
// happened, on an honest network the link then comes up and carries cells both ways.
#include <cstdlib>
#include <deque>

#include "tests/unit/core/link_world.h"

using namespace covfefe;
using namespace covfefe::test;

namespace {

class Script {
 public:
  Script(Two& pair, ByteView bytes) : pair_(pair), in_(bytes) {
    pair_.world.lose = [this](const Packet& packet) { return steer(packet); };
  }

  void play() {
    pair_.load();
    for (int i = 0; i < 128 && in_.remaining() > 0; ++i) act();
    // What the script sends of its own goes around steer().
    pair_.world.lose = nullptr;
    for (Node* node : {&pair_.a, &pair_.b}) {
      if (!node->keystore_alive) keystore(*node);
    }
  }

 private:
  void act() {
    switch (in_.le<std::uint8_t>() % 8) {
      case 0:
        return pair_.world.run_for(Duration::seconds(in_.le<std::uint8_t>() % 16));
      case 1:
        return somebody().restart_router();
      case 2:
        return keystore(somebody());
      case 3:
        return repeat();
      default:
        return pair_.world.run_for(Duration::millis(in_.le<std::uint8_t>()));
    }
  }

  // True: the network itself delivers nothing, what the script sent instead is on its way.
  bool steer(const Packet& packet) {
    if (sending_ || in_.remaining() == 0) return false;
    seen_.push_back(packet);
    if (seen_.size() > 32) seen_.pop_front();
    switch (in_.le<std::uint8_t>() % 8) {
      case 0:
        return true;
      case 1:
        send(packet);
        return false;
      case 2:
        return send(bent(packet));
      case 3:
        return send(cut(packet));
      case 4:
        return send({packet.bytes, packet.to, packet.from});
      case 5:
        return send(seen_[in_.le<std::uint8_t>() % seen_.size()]);
      default:
        return false;
    }
  }

  bool send(const Packet& packet) {
    sending_ = true;
    pair_.world.send(packet);
    sending_ = false;
    return true;
  }
  void repeat() {
    if (!seen_.empty()) send(seen_[in_.le<std::uint8_t>() % seen_.size()]);
  }
  Packet bent(Packet packet) {
    const std::size_t at = in_.le<std::uint16_t>() % packet.bytes.size();
    packet.bytes[at] ^= static_cast<std::uint8_t>(in_.le<std::uint8_t>() | 1);
    return packet;
  }
  Packet cut(Packet packet) {
    packet.bytes.resize(in_.le<std::uint16_t>() % (packet.bytes.size() + 1));
    return packet;
  }
  Node& somebody() { return in_.le<std::uint8_t>() % 2 == 0 ? pair_.a : pair_.b; }
  static void keystore(Node& node) {
    node.keystore_alive = !node.keystore_alive;
    node.asked.clear();
    node.step(
        [&] { node.keystore_alive ? node.links->keystore_up() : node.links->keystore_down(); });
  }

  Two& pair_;
  Reader in_;
  std::deque<Packet> seen_;
  bool sending_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Two pair;
  Script(pair, {data, size}).play();
  if (!pair.both_up(Duration::seconds(60))) std::abort();
  pair.world.run_for(Duration::seconds(1));
  bool carried = false;
  for (int i = 0; i < 100 && !carried; ++i) carried = pair.exchange();
  if (!carried) std::abort();
  return 0;
}
