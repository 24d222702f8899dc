// SPDX-License-Identifier: Apache-2.0
// Three routers, two of which are no friends, and a circuit through the third. Cells come from real
// sessions; the relay's steps run on frames that cost nothing, so that only the router is timed.
#include "relay_micro.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "base/bug.h"
#include "crypto/link_cell.h"
#include "crypto/onion.h"
#include "tests/sim/world.h"
#include "wire/ip.h"
#include "wire/limits.h"

namespace covfefe::bench {

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kRounds = 501;

using Clock = std::chrono::steady_clock;
using sim::Bytes;

double per_cell(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::nano>(to - from).count() / kBatch;
}

double median(std::vector<double>& all) {
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

// ---- cryptography alone -------------------------------------------------------------------------

crypto::SecretKey some_key(crypto::Drbg& random) {
  crypto::SecretKey out;
  random.fill(out.mutable_view());
  return out;
}

struct Bare {
  explicit Bare(crypto::Drbg& random) {
    for (crypto::DirectionKeys* keys : {&in, &out}) {
      keys->aead = some_key(random);
      keys->header = some_key(random);
    }
    hop = {some_key(random), some_key(random)};
    for (std::size_t i = 0; i < kBatch; ++i) {
      Bytes onion(wire::kLargeOnion, 7);
      crypto::hop_seal({hop.forward.view(), i}, random, onion);
      cells.emplace_back(wire::kLargeDatagram);
      crypto::seal_cell(in, {{300}, i, {1, i}}, onion, cells.back());
      sent.emplace_back(wire::kLargeDatagram);
    }
  }
  double forward() {
    return run([this](ByteView onion, std::uint64_t counter) {
      if (!crypto::relay_forward({hop.forward.view(), counter}, onion, room)) bug("bad tag");
    });
  }
  double backward() {
    return run([this](ByteView onion, std::uint64_t counter) {
      copy(onion, room);
      crypto::relay_backward({hop.backward.view(), counter}, room);
    });
  }

  crypto::DirectionKeys in;
  crypto::DirectionKeys out;
  crypto::HopKeys hop;
  std::vector<Bytes> cells;
  std::vector<Bytes> sent;
  ByteArray<wire::kLargeOnion> room{};

 private:
  template <typename Layer>
  double run(Layer layer) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < kBatch; ++i) {
      const ByteView cell = cells[i];
      const std::uint64_t counter = crypto::unmask_counter(in.header.view(), cell);
      const auto head = crypto::open_header({in.aead.view(), counter}, cell);
      if (!head) bug("a cell of one's own");
      layer(crypto::onion_of(cell), head->hop_counter);
      crypto::seal_cell(out, {{301}, counter, {2, counter}}, room, sent[i]);
    }
    return per_cell(start, Clock::now());
  }
};

// ---- the router ---------------------------------------------------------------------------------

struct Frames final : core::Effects {
  explicit Frames(sim::Node& node) : behind(node), memory(kFrames * wire::kLargeDatagram) {}
  core::Frame acquire(core::Lane) override {
    if (used == kFrames) return {};
    const std::size_t at = used++ * wire::kLargeDatagram;
    return {static_cast<std::uint32_t>(used),
            MutableBytes(memory).subspan(at, wire::kLargeDatagram)};
  }
  void post(const core::Frame& frame, const core::Posting& posting) override {
    posted.push_back({frame, posting});
  }
  void release(const core::Frame&) override {}
  void cancel(FlowId, std::uint32_t) override {}
  void deliver(std::span<const ByteView> packets) override { behind.deliver(packets); }
  void ask(core::KeystoreRequest request) override { behind.ask(std::move(request)); }
  void tell(core::Report report) override { behind.tell(std::move(report)); }
  void ask(core::ShaperRequest) override {}
  void measured(FlowId, const core::PathSample&) override {}

  static constexpr std::size_t kFrames = 256;
  struct Posted {
    core::Frame frame;
    core::Posting posting;
  };
  sim::Node& behind;
  Bytes memory;
  std::size_t used = 0;
  std::vector<Posted> posted;
};

struct Path {
  Path()
      : alice(world.add("alice")), relay(world.add("relay")), bob(world.add("bob")), frames(relay) {
    world.weather.delay = Duration::millis(1);
    for (sim::Node* end : {&alice, &bob}) {
      end->config.policy.min_trusted_entries = 1;
      end->befriend(relay);
      relay.befriend(*end);
    }
    for (sim::Node* node : {&alice, &relay, &bob}) node->boot();
    for (std::uint16_t i = 1; i < 60 && !alice.ponged(i); ++i) {
      alice.ping(bob, i);
      if (world.run_until(Duration::seconds(1), [&] { return alice.ponged(i); })) return;
    }
    bug("no session over the relay");
  }

  // 64 packets of one end become cells; those on their way to the relay are kept.
  std::vector<sim::Datagram> cells(sim::Node& from, const sim::Node& to) {
    const Bytes payload(wire::kIpPayloadMost, 0x5a);
    Bytes packet(wire::kTunMtu);
    const wire::Ipv6Packet ip{0,      0, wire::kNextUdp, 64, from.keys.address(), to.keys.address(),
                              payload};
    if (wire::write_ipv6(ip, packet) != packet.size()) bug("not a packet");
    std::vector<sim::Datagram> out;
    world.tap = [&](sim::Datagram& one) {
      if (one.to.ip != relay.ip || one.bytes.size() != wire::kLargeDatagram) return true;
      out.push_back(one);
      return false;
    };
    const std::vector<ByteView> batch(kBatch, packet);
    from.feed(core::Packets{batch});
    world.tap = [](sim::Datagram&) { return true; };
    return out;
  }

  struct Cost {
    double datagrams = 0;
    double completions = 0;
  };
  Cost pass(const std::vector<sim::Datagram>& cells) {
    std::vector<core::DatagramIn> in;
    for (const sim::Datagram& one : cells) {
      const auto socket = static_cast<std::uint8_t>(one.to.port - sim::kControlPort);
      in.push_back({one.bytes, one.from, {one.to.ip, 0}, socket});
    }
    frames.used = 0;
    frames.posted.clear();
    const auto start = Clock::now();
    relay.router->step(core::Datagrams{in}, world.now, frames);
    const auto middle = Clock::now();
    const std::vector<Frames::Posted> posted = frames.posted;
    std::vector<core::Completion> done;
    for (const auto& one : posted) done.push_back({one.posting.tag, true});
    const auto again = Clock::now();
    relay.router->step(core::Completions{done}, world.now, frames);
    const auto end = Clock::now();
    for (const auto& one : posted) forward(one);
    world.timer_of(relay);
    return {per_cell(start, middle), per_cell(again, end)};
  }
  void forward(const Frames::Posted& one) {
    const auto port = static_cast<std::uint16_t>(sim::kControlPort + one.posting.socket);
    const ByteView bytes = ByteView(one.frame.bytes).first(one.posting.length);
    if (one.posting.length == wire::kLargeDatagram) ++passed;
    world.send({{relay.ip, port, 0}, one.posting.to, Bytes(bytes.begin(), bytes.end())});
  }

  sim::World world{7};
  sim::Node& alice;
  sim::Node& relay;
  sim::Node& bob;
  Frames frames;
  std::size_t passed = 0;
};

enum class Way { Forward, Backward };

void measure(Path& path, Bare& bare, Way way) {
  std::vector<double> router, completions, crypto;
  std::size_t came = 0;
  path.passed = 0;
  for (std::size_t i = 0; i < kRounds; ++i) {
    const bool out = way == Way::Forward;
    const auto cells = out ? path.cells(path.alice, path.bob) : path.cells(path.bob, path.alice);
    crypto.push_back(out ? bare.forward() : bare.backward());
    came += cells.size();
    const Path::Cost cost = path.pass(cells);
    if (cells.size() == kBatch) {
      router.push_back(cost.datagrams);
      completions.push_back(cost.completions);
    }
    path.world.run(Duration::millis(20));
  }
  if (router.size() < kRounds / 2) bug("too few full batches");
  const double all = median(router);
  const double alone = median(crypto);
  std::printf(
      "relay %s: L cell in, L cell out %5.0f ns, completions %3.0f ns; cryptography alone %5.0f "
      "ns: "
      "ratio %.2f (median per cell of %zu batches of 64; %zu of %zu cells passed on)\n",
      way == Way::Forward ? "forward " : "backward", all, median(completions), alone, all / alone,
      router.size(), path.passed, came);
}

}  // namespace

void measure_relay() {
  crypto::Drbg random(crypto::KeyView(ByteArray<32>{55}));
  Bare bare(random);
  Path path;
  measure(path, bare, Way::Forward);
  measure(path, bare, Way::Backward);
}

}  // namespace covfefe::bench
