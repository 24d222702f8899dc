// SPDX-License-Identifier: Apache-2.0
// Nanoseconds per packet through the router as a value, one thread, no I/O: from the TUN into
// sealed frames, and from datagrams back to the TUN; then what circuit builds cost, and what a
// relayed cell costs. Run it by hand.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "base/bug.h"
#include "build_micro.h"
#include "core/router.h"
#include "crypto/drbg.h"
#include "relay_micro.h"
#include "rpc/control_codec.h"
#include "tests/support/fake_keystore.h"
#include "wire/ip.h"

using namespace covfefe;

namespace {

constexpr std::size_t kFrames = 1024;
constexpr WallTime kWall{1'700'000'000'000'000'000};

crypto::Drbg seeded(std::uint8_t seed) {
  ByteArray<32> key{};
  key[0] = seed;
  return crypto::Drbg(key);
}

struct Side final : core::Effects {
  explicit Side(std::uint8_t number)
      : keys(number),
        random(seeded(static_cast<std::uint8_t>(number + 50))),
        memory(kFrames * 1400) {
    core::RouterConfig config;
    config.address = keys.address();
    config.static_key = keys.static_key();
    random.fill(config.boot);
    config.data_sockets = {{6364, wire::SocketClass::Bulk, wire::Direction::Both},
                           {6365, wire::SocketClass::Realtime, wire::Direction::Both}};
    router = std::make_unique<core::Router>(std::move(config), random, codec);
  }
  core::Frame acquire(core::Lane) override {
    if (used == kFrames) return {};
    return {static_cast<std::uint32_t>(used), MutableBytes(memory).subspan(used++ * 1400, 1400)};
  }
  void post(const core::Frame& frame, const core::Posting& posting) override {
    out.push_back({ByteView(frame.bytes).first(posting.length), {ip, 6363, 0}, {}, posting.socket});
    out.back().from.port = static_cast<std::uint16_t>(6363 + posting.socket);
    done.push_back({posting.tag, true});
  }
  void release(const core::Frame&) override {}
  void cancel(FlowId, std::uint32_t) override {}
  void deliver(std::span<const ByteView> packets) override { delivered += packets.size(); }
  void ask(core::KeystoreRequest request) override { asked.push_back(std::move(request)); }
  void tell(core::Report) override {}
  void ask(core::ShaperRequest) override {}
  void measured(FlowId, const core::PathSample&) override {}
  void clear() {
    used = 0;
    out.clear();
    done.clear();
  }

  test::FakeKeystore keys;
  crypto::Drbg random;
  rpc::ControlCodec codec;
  Address ip;
  std::unique_ptr<core::Router> router;
  std::vector<std::uint8_t> memory;
  std::size_t used = 0;
  std::vector<core::DatagramIn> out;
  std::vector<core::Completion> done;
  std::vector<core::KeystoreRequest> asked;
  std::size_t delivered = 0;
};

struct Both {
  Side a{1};
  Side b{2};
  Instant now{1'000'000'000};

  Side& other(Side& side) { return &side == &a ? b : a; }

  void start() {
    a.ip = *parse_address("192.0.2.1");
    b.ip = *parse_address("192.0.2.2");
    for (Side* side : {&a, &b}) {
      Side& peer = other(*side);
      side->keys.befriend(peer.keys.static_key());
      core::Friend who{FriendId{1},         "peer",
                       core::Trust::Met,    peer.keys.static_key(),
                       peer.keys.address(), {{peer.ip, 6363, 0}}};
      who.idle = IdleLane::Off;
      side->router->step(core::Clock{kWall}, now, *side);
      side->router->step(core::ShaperUp{}, now, *side);
      side->router->step(core::KeystoreUp{}, now, *side);
      side->router->step(core::FriendTable{{who}}, now, *side);
    }
    for (int i = 0; i < 4000; ++i) pass();
  }

  void pass() {
    now = now + Duration::millis(1);
    for (Side* side : {&a, &b}) {
      std::vector<core::KeystoreRequest> asked = std::move(side->asked);
      side->asked.clear();
      for (const auto& request : asked) {
        side->router->step(side->keys.answer(request), now, *side);
      }
      side->router->step(core::Timer{}, now, *side);
      carry(*side);
    }
  }

  void carry(Side& from) {
    if (from.out.empty()) return;
    Side& to = other(from);
    to.router->step(core::Datagrams{from.out}, now, to);
    const auto done = from.done;
    from.clear();
    from.router->step(core::Completions{done}, now, from);
  }
};

double nanoseconds(std::chrono::steady_clock::duration d) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(d).count());
}

void measure(Both& both, std::size_t size) {
  std::vector<std::uint8_t> payload(size - wire::kIpv6Header, 0x5a);
  std::vector<std::uint8_t> packet(size);
  wire::Ipv6Packet ip;
  ip.next_header = wire::kNextUdp;
  ip.hop_limit = 64;
  ip.source = both.a.keys.address();
  ip.destination = both.b.keys.address();
  ip.payload = payload;
  if (wire::write_ipv6(ip, packet) != size) bug("not a packet");
  const std::vector<ByteView> batch(64, packet);
  std::vector<double> out;
  std::vector<double> in;
  both.b.delivered = 0;
  std::size_t sent = 0;
  std::size_t cells = 0;
  for (int i = 0; i < 2000; ++i) {
    both.now = both.now + Duration::micros(500);
    const auto start = std::chrono::steady_clock::now();
    both.a.router->step(core::Packets{batch}, both.now, both.a);
    const auto middle = std::chrono::steady_clock::now();
    cells += both.a.out.size();
    both.b.router->step(core::Datagrams{both.a.out}, both.now, both.b);
    const auto end = std::chrono::steady_clock::now();
    const auto done = both.a.done;
    both.a.clear();
    both.a.router->step(core::Completions{done}, both.now, both.a);
    both.carry(both.b);
    sent += batch.size();
    out.push_back(nanoseconds(middle - start) / 64);
    in.push_back(nanoseconds(end - middle) / 64);
  }
  std::nth_element(out.begin(), out.begin() + 1000, out.end());
  std::nth_element(in.begin(), in.begin() + 1000, in.end());
  std::printf(
      "%4zu B: TUN to frame %6.0f ns, datagram to TUN %6.0f ns (median per packet; "
      "%zu of %zu delivered in %zu datagrams)\n",
      size, out[1000], in[1000], both.b.delivered, sent, cells);
}

}  // namespace

int main() {
  if (!crypto::init()) return 1;
  Both both;
  both.start();
  for (const std::size_t size : {1280u, 576u, 100u, 60u}) measure(both, size);
  bench::measure_builds();
  bench::measure_relay();
  return 0;
}
