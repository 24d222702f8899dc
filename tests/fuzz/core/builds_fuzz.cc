// SPDX-License-Identifier: Apache-2.0
// What neighbours and a keystore can do to a node that relays: builds, answers, DESTROYs and cells
// under ids that are, were and never were, in any order, with links and time coming and going. The
// input is a script. When all lifetimes are over, no circuit may be left and nothing may wait.
#include "base/bug.h"
#include "tests/unit/core/build_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

constexpr std::size_t kNode = 1;  // the one that is tried, linked to 0, 2 and 3

struct Target {
  explicit Target(ByteView script) : in(script) {
    world.join(kNode, 3);
    world.tap = [this](std::size_t, std::size_t, Sent& what) { return see(what); };
    (void)world.start_over({0, 1, 2, 3});
    (void)world.start_over({1, 2, 3});
    (void)world.start_over({2, 1});
  }

  BuildNode& node() { return world.at(kNode); }
  std::uint8_t byte() { return in.le<std::uint8_t>(); }
  LinkSlot link() { return {byte() % 3u}; }

  bool see(const Sent& what) {
    if (const auto* build = std::get_if<SentBuild>(&what)) ids.push_back(build->mine);
    if (const auto* built = std::get_if<SentBuilt>(&what)) ids.push_back(built->mine);
    if (const auto* cell = std::get_if<SentCell>(&what)) last = *cell;
    if (ids.size() > 200) ids.erase(ids.begin());
    return lose-- != 0;
  }
  CircuitId id() {
    const std::uint8_t which = byte();
    if (which == 255 || ids.empty()) return {in.le<std::uint32_t>() | 1};
    return ids[ids.size() - 1 - which % ids.size()];
  }
  Bytes bytes(std::size_t size) {
    const std::uint8_t fill = byte();
    Bytes out(size, fill);
    copy(in.take(std::min<std::size_t>(in.remaining(), fill % 8)), out);
    return out;
  }
  void give(const Sent& what) {
    const LinkSlot from = link();
    node().step(world.now, [&] { node().take(from, what); });
  }

  void cell();
  void keystore();
  void links();
  void own();
  void act();
  void finish();

  Reader in;
  BuildWorld world{4};
  std::vector<CircuitId> ids;
  SentCell last;
  std::uint8_t lose = 255;  // messages until one is lost
};

void Target::cell() {
  SentCell out = last;
  const std::uint8_t how = byte();
  if (how % 4 == 0 || out.onion.empty()) {
    out.onion = bytes(how % 8 < 4 ? wire::kLargeOnion : wire::kSmallOnion);
  }
  if (how % 3 == 0) out.header.counter += std::uint64_t{1} << (how % 64);
  if (how % 5 != 0) out.header.circuit = id();
  out.header.lane = static_cast<Lane>(how % 4);
  if (how % 7 == 0) out.onion[how % out.onion.size()] ^= 1;
  give(out);
}

// What a keystore says of the oldest request: true, false, or a record of the script's making.
void Target::keystore() {
  if (node().asked.empty()) return;
  const RequestId request = node().asked.front().request;
  node().asked.pop_front();
  KeystoreReply reply{request, Reject::Forged};
  const std::uint8_t how = byte();
  if (how % 4 != 0) {
    wire::BuildRecord record;
    record.terminal = how % 2 == 0;
    record.accept_less = how % 3 == 0;
    record.lifetime = how % 5 == 0 ? 60 : 14'400;
    record.rate = how % 7 == 0 ? 1u << (how % 32) : 0;
    record.duration = how % 11 == 0 ? 600 : 0;
    record.made_at = in.le<std::uint32_t>() / 60 * 60;
    record.delta = in.le<std::uint64_t>();
    if (!record.terminal && !node().handles.empty()) record.next = node().handles.begin()->first;
    OpenedBuild opened;
    wire::write_build_record(record, opened.record);
    if (how % 13 == 0) opened.record[how % opened.record.size()] ^= how;
    opened.onion_key = node().onion_key();
    reply.answer = std::move(opened);
  } else if (how % 8 == 0) {
    reply.answer = Reject::Overloaded;
  }
  node().step(world.now, [&] { (void)node().builds().keystore_reply(reply); });
}

void Target::links() {
  const LinkSlot at = link();
  node().step(world.now, [&] {
    switch (byte() % 6) {
      case 0:
        node().links[at.value].up = false;
        return node().builds().on_link_down(at);
      case 1:
        node().links[at.value].up = true;
        return node().builds().on_link_up(at, Boot::Same);
      case 2:
        node().links[at.value].up = true;
        return node().builds().on_link_up(at, Boot::New);
      case 3:
        return node().builds().on_link_gone(at);
      case 4:
        return node().builds().keystore_down();
      default:
        return node().builds().keystore_up();
    }
  });
}

void Target::own() {
  const std::uint8_t how = byte();
  switch (how % 4) {
    case 0: {
      const auto over =
          how % 8 == 0 ? std::vector<std::size_t>{0, 1, 2, 3} : std::vector<std::size_t>{1, 2, 3};
      world.origin = over[0];
      (void)world.start(world.path(over));
      return;
    }
    case 1: {
      if (node().made.empty()) return;
      const CircuitId circuit = node().made.back().circuit;
      node().step(world.now, [&] { node().builds().close(circuit, wire::DestroyReason::Done); });
      return;
    }
    case 2:
      node().step(world.now, [&] { node().builds().abandon({byte()}); });
      return;
    default: {
      const std::size_t who = world.at(0).made.empty() ? 2 : 0;
      if (world.at(who).made.empty()) return;
      const CircuitId circuit = world.at(who).made.back().circuit;
      world.at(who).step(world.now, [&] {
        (void)world.at(who).send(circuit, how, how % 8 < 4 ? wire::kLargeOnion : wire::kSmallOnion);
      });
      return;
    }
  }
}

void Target::act() {
  switch (byte() % 12) {
    case 0:
      return give(SentBuild{id(), bytes(wire::kBuildPacket)});
    case 1:
      return give(SentBuilt{id(), id(), bytes(wire::kBuildPacket)});
    case 2:
      return give(SentDestroy{id(), static_cast<wire::DestroyReason>(byte() % 8)});
    case 3:
    case 4:
      return cell();
    case 5:
      return keystore();
    case 6:
      return links();
    case 7:
      return own();
    case 8:
      node().keystore_answers = byte() % 2 == 0;
      node().cells = byte() % 4 != 0;
      node().backlogged = byte() % 4 == 0;
      node().frames = byte() % 4 != 0;
      node().grants = static_cast<wire::BuildStatus>(byte() % 7);
      return;
    case 9:
      lose = byte();
      return;
    case 10:
      return world.exchange();
    default:
      return world.tick(Duration::millis(byte() * 20));
  }
}

void Target::finish() {
  world.exchange();
  for (int i = 0; i < 8; ++i) {
    world.now = world.now + Duration::hours(5);
    for (std::size_t n = 0; n < world.size(); ++n) world.at(n).step(world.now, [] {});
    world.exchange();
  }
  for (std::size_t n = 0; n < world.size(); ++n) {
    if (world.at(n).circuits() != 0) bug("a circuit outlived its lifetime");
    if (!world.at(n).builds().next_deadline().is_never()) bug("something waits for ever");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Target target(ByteView(data, size));
  for (int i = 0; i < 256 && target.in.remaining() > 0; ++i) target.act();
  target.finish();
  return 0;
}
