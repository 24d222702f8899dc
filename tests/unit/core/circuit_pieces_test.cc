// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "core/circuit/circuit.h"
#include "core/circuit/hold.h"
#include "core/circuit/packer.h"
#include "core/circuit/reassembly.h"
#include "core/circuit/routes.h"
#include "core/circuit/tally.h"
#include "crypto/session.h"
#include "wire/ip.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

const Address kOwn = *parse_address("fd00::1");
const Address kPeer = *parse_address("fd00::2");

crypto::Drbg seeded(std::uint8_t seed) {
  ByteArray<32> key{};
  key[0] = seed;
  return crypto::Drbg(key);
}

std::vector<std::uint8_t> packet_to(const Address& to, std::size_t size, std::uint8_t dscp = 0) {
  std::vector<std::uint8_t> payload(size - 40, 0x5a);
  std::vector<std::uint8_t> out(size);
  wire::Ipv6Packet ip;
  ip.traffic_class = static_cast<std::uint8_t>(dscp << 2);
  ip.next_header = wire::kNextUdp;
  ip.hop_limit = 64;
  ip.source = kOwn;
  ip.destination = to;
  ip.payload = payload;
  if (size <= wire::kTunMtu) {
    REQUIRE(wire::write_ipv6(ip, out) == size);
    return out;
  }
  ip.payload = {};
  REQUIRE(wire::write_ipv6(ip, out) == 40);
  store_be<std::uint16_t>(out.data() + 4, static_cast<std::uint16_t>(size - 40));
  return out;
}

std::vector<std::uint8_t> bytes_upto(std::size_t n) {
  std::vector<std::uint8_t> out(n);
  std::iota(out.begin(), out.end(), std::uint8_t{1});
  return out;
}

}  // namespace

// ---- hop window ---------------------------------------------------------------------------------

TEST_CASE("a hop counter is admitted once") {
  HopWindow window;
  CHECK(window.admit_and_mark(77));
  CHECK_FALSE(window.admit_and_mark(77));
  CHECK(window.admit_and_mark(78));
}

TEST_CASE("the hop window accepts 1,024 counters below the newest and no more") {
  HopWindow window;
  window.mark(10'000);
  window.mark(12'000);
  CHECK(window.admits(12'000 - 1023));
  CHECK_FALSE(window.admits(12'000 - 1024));
}

TEST_CASE(
    "counters shortly before the anchor are admitted, so that the first cells may be reordered") {
  HopWindow window;
  window.mark(5'000);
  CHECK(window.admits(4'999));
  CHECK(window.admits(5'000 - 1023));
  CHECK_FALSE(window.admits(5'000 - 1024));
}

TEST_CASE("the hop window works over the end of the number range") {
  HopWindow window;
  const std::uint64_t last = ~std::uint64_t{0};
  window.mark(last - 1);
  CHECK(window.admit_and_mark(last));
  CHECK(window.admit_and_mark(0));
  CHECK_FALSE(window.admits(last));
  CHECK_FALSE(window.admits(0));
}

TEST_CASE("a counter cannot be walked round 2^64 to come back to a used one") {
  HopWindow window;
  window.mark(1'000);
  const std::uint64_t limit = HopWindow::kOffsetLimit;
  CHECK(window.admit_and_mark(1'000 + limit - 1'025));
  CHECK_FALSE(window.admits(1'000 + limit));
  CHECK_FALSE(window.admits(1'000 + (std::uint64_t{1} << 63)));
  CHECK_FALSE(window.admits(1'000));
}

// ---- circuit table ------------------------------------------------------------------------------

TEST_CASE("a circuit id is never zero and differs after its index was used again") {
  CircuitTable table(4094);  // the last generation: the next one must not be 0
  std::set<std::uint32_t> ids;
  for (int i = 0; i < 5000; ++i) {
    Circuit* circuit = table.issue(LinkSlot{3}, CircuitRole::Origin, 0);
    REQUIRE(circuit != nullptr);
    CHECK(circuit->receive.value != 0);
    CHECK((circuit->receive.value >> 20) > 0);
    ids.insert(circuit->receive.value);
    table.drop(circuit->receive);
  }
  CHECK(ids.size() == 4095);
  CHECK(table.size() == 0);
}

TEST_CASE("a dropped circuit is not found under its old id") {
  CircuitTable table(1);
  Circuit* first = table.issue(LinkSlot{1}, CircuitRole::Destination, 9);
  const CircuitId id = first->receive;
  CHECK(table.find(id) == first);
  table.drop(id);
  CHECK(table.find(id) == nullptr);
  Circuit* second = table.issue(LinkSlot{1}, CircuitRole::Destination, 9);
  CHECK(second->receive != id);
  CHECK(table.find(id) == nullptr);
  CHECK(table.find(CircuitId{0}) == nullptr);
  CHECK(table.find(CircuitId{0xffffffff}) == nullptr);
}

TEST_CASE("the circuit table refuses more than its bound") {
  CircuitTable table(1);
  for (std::size_t i = 0; i < CircuitTable::kMost; ++i) {
    if (table.issue(LinkSlot{1}, CircuitRole::Origin, 0) == nullptr) FAIL("refused too early");
  }
  CHECK(table.issue(LinkSlot{1}, CircuitRole::Origin, 0) == nullptr);
}

namespace {

struct Ends {
  Circuit origin;
  Circuit destination;
  crypto::Drbg random = seeded(5);
  Ends() {
    crypto::DirectCircuit keys{7, 8, {}, {}};
    random.fill(keys.salt_a);
    random.fill(keys.salt_b);
    for (Circuit* end : {&origin, &destination}) {
      end->hops[0].keys = crypto::direct_circuit_keys(keys);
      end->length = 1;
    }
    origin.send = CircuitId{8};
    destination.send = CircuitId{7};
    destination.role = CircuitRole::Destination;
    origin.next_counter = ~std::uint64_t{0};
  }
};

}  // namespace

TEST_CASE("cells pass in both directions of a circuit, once, in both sizes") {
  Ends ends;
  for (const std::size_t size : {wire::kLargeOnion, wire::kSmallOnion}) {
    std::vector<std::uint8_t> cell(size, 0x11);
    std::vector<std::uint8_t> plain(size);
    CellHeader header = seal_onion(ends.origin, ends.random, cell);
    CHECK(header.circuit == CircuitId{8});
    REQUIRE(open_onion(ends.destination, header, cell, plain).ok());
    CHECK(plain[80] == 0x11);
    CHECK(open_onion(ends.destination, header, cell, plain).error() == Reject::Replayed);

    std::vector<std::uint8_t> back(size, 0x22);
    header = seal_onion(ends.destination, ends.random, back);
    REQUIRE(open_onion(ends.origin, header, back, plain).ok());
    CHECK(plain[size - 1] == 0x22);
  }
}

TEST_CASE("a forged cell neither opens nor moves the window") {
  Ends ends;
  std::vector<std::uint8_t> cell(wire::kSmallOnion, 0x11);
  std::vector<std::uint8_t> plain(cell.size());
  const CellHeader header = seal_onion(ends.origin, ends.random, cell);
  CellHeader far = header;
  far.counter += 1'000'000;
  CHECK(open_onion(ends.destination, far, cell, plain).error() == Reject::Forged);
  std::vector<std::uint8_t> bent = cell;
  bent[100] ^= 1;
  CHECK(open_onion(ends.destination, header, bent, plain).error() == Reject::Forged);
  CHECK(open_onion(ends.destination, header, cell, plain).ok());
}

TEST_CASE("a circuit without keys opens nothing") {
  Circuit circuit;
  std::vector<std::uint8_t> cell(wire::kSmallOnion, 0x11);
  std::vector<std::uint8_t> plain(cell.size());
  CHECK(open_onion(circuit, {}, cell, plain).error() == Reject::Unexpected);
}

TEST_CASE("eight bad tags within ten seconds are too many, eight in eleven are not") {
  BadTags quick;
  for (int i = 0; i < 7; ++i) CHECK_FALSE(quick.add(Instant{} + Duration::seconds(i)));
  CHECK(quick.add(Instant{} + Duration::seconds(7)));
  BadTags slow;
  for (int i = 0; i < 30; ++i) CHECK_FALSE(slow.add(Instant{} + Duration::millis(1500 * i)));
}

// ---- waiting room -------------------------------------------------------------------------------

TEST_CASE("packets wait in order, at most 64 of them, for three seconds") {
  Hold hold;
  CHECK(hold.front_deadline().is_never());
  const auto packet = bytes_upto(100);
  const Instant now{1'000};
  for (std::size_t i = 0; i < Hold::kPackets; ++i) CHECK(hold.push(packet, now));
  CHECK_FALSE(hold.push(packet, now));
  CHECK(hold.front_deadline() == now + Duration::seconds(3));
  CHECK(std::equal(packet.begin(), packet.end(), hold.front().begin(), hold.front().end()));
  for (std::size_t i = 0; i < Hold::kPackets; ++i) hold.pop();
  CHECK(hold.empty());
  CHECK(hold.push(packet, now));
}

TEST_CASE("a packet longer than the MTU does not wait") {
  Hold hold;
  CHECK_FALSE(hold.push(std::vector<std::uint8_t>(1281), Instant{}));
  CHECK(hold.push(std::vector<std::uint8_t>(1280), Instant{}));
}

// ---- reassembly ---------------------------------------------------------------------------------

namespace {

std::vector<Fragment> pieces_of(std::uint16_t id, ByteView whole) {
  std::vector<Fragment> out;
  const std::size_t step = PacketReassembly::kFragmentBytes;
  const auto count = static_cast<std::uint8_t>((whole.size() + step - 1) / step);
  for (std::uint8_t i = 0; i < count; ++i) {
    out.push_back({id, i, count, whole.subspan(i * step, std::min(step, whole.size() - i * step))});
  }
  return out;
}

}  // namespace

TEST_CASE("fragments in any order give the packet, duplicates notwithstanding") {
  PacketReassembly reassembly;
  const auto whole = bytes_upto(1246);
  auto pieces = pieces_of(9, whole);
  REQUIRE(pieces.size() == 12);
  std::reverse(pieces.begin(), pieces.end());
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    CHECK(reassembly.add(pieces[i], Instant{}).value().empty());
    CHECK(reassembly.add(pieces[i], Instant{}).value().empty());
  }
  const auto done = reassembly.add(pieces.back(), Instant{});
  REQUIRE(done.ok());
  CHECK(std::equal(whole.begin(), whole.end(), done->begin(), done->end()));
}

TEST_CASE("fragments that contradict the format or their siblings are refused") {
  PacketReassembly reassembly;
  const auto bytes = bytes_upto(PacketReassembly::kFragmentBytes);
  const ByteView full(bytes);
  CHECK_FALSE(reassembly.add({1, 0, 1, full}, Instant{}).ok());
  CHECK_FALSE(reassembly.add({1, 2, 2, full}, Instant{}).ok());
  CHECK_FALSE(reassembly.add({1, 0, 13, full}, Instant{}).ok());
  CHECK_FALSE(reassembly.add({1, 0, 2, full.first(104)}, Instant{}).ok());
  CHECK_FALSE(reassembly.add({1, 1, 2, {}}, Instant{}).ok());
  CHECK(reassembly.add({1, 0, 3, full}, Instant{}).ok());
  CHECK_FALSE(reassembly.add({1, 1, 2, full}, Instant{}).ok());
}

TEST_CASE("reassembly keeps eight packets and forgets after a second") {
  PacketReassembly reassembly;
  const auto bytes = bytes_upto(PacketReassembly::kFragmentBytes);
  for (std::uint16_t id = 0; id < 9; ++id) {
    CHECK(reassembly.add({id, 0, 2, bytes}, Instant{id}).ok());
  }
  CHECK(reassembly.given_up() == 1);
  // The oldest made room: its last fragment alone is no packet.
  CHECK(reassembly.add({0, 1, 2, bytes}, Instant{20}).value().empty());
  CHECK_FALSE(reassembly.add({8, 1, 2, bytes}, Instant{20}).value().empty());
  CHECK(reassembly.add({3, 1, 2, bytes}, Instant{} + Duration::seconds(2)).value().empty());
}

TEST_CASE("fragments that add up to more than a packet are refused") {
  PacketReassembly reassembly;
  const auto bytes = bytes_upto(12 * PacketReassembly::kFragmentBytes);
  const auto pieces = pieces_of(1, bytes);
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i)
    CHECK(reassembly.add(pieces[i], Instant{}).ok());
  CHECK_FALSE(reassembly.add(pieces.back(), Instant{}).ok());
}

// ---- packer -------------------------------------------------------------------------------------

TEST_CASE("several small packets share a plaintext, and come out in order") {
  Packer packer;
  crypto::Drbg random = seeded(1);
  const auto one = packet_to(kPeer, 60);
  const auto two = packet_to(kPeer, 100);
  CHECK(packer.empty());
  REQUIRE(packer.packet(one, wire::kLargePlain));
  REQUIRE(packer.packet(two, wire::kLargePlain));
  CHECK(packer.used() == 3 + 26 + 3 + 66);
  const ByteView plain = packer.finish(wire::kSmallPlain, random);
  CHECK(plain.size() == wire::kSmallPlain);
  CHECK(packer.empty());
  wire::InnerReader reader(plain);
  for (const auto& packet : {one, two}) {
    const auto next = reader.next();
    REQUIRE(next.ok());
    const auto* frame = std::get_if<wire::InnerPacket>(&**next);
    REQUIRE(frame != nullptr);
    ByteArray<wire::kTunMtu> out{};
    const auto length = wire::unpack_ipv6(frame->packed, {kOwn, kPeer}, out);
    REQUIRE(length.ok());
    CHECK(std::equal(packet.begin(), packet.end(), out.begin(), out.begin() + *length));
  }
  CHECK_FALSE(reader.next()->has_value());
}

TEST_CASE("the packer keeps to the limit and a full-size packet fits one large cell") {
  Packer packer;
  crypto::Drbg random = seeded(1);
  CHECK_FALSE(packer.packet(packet_to(kPeer, 144), wire::kSmallPlain));
  CHECK(packer.packet(packet_to(kPeer, 143), wire::kSmallPlain));
  CHECK(packer.used() == wire::kSmallPlain);
  CHECK(packer.finish(wire::kSmallPlain, random).size() == wire::kSmallPlain);
  CHECK(packer.packet(packet_to(kPeer, 1280), wire::kLargePlain));
  CHECK_FALSE(packer.packet(packet_to(kPeer, 60), wire::kLargePlain));
  CHECK(packer.finish(wire::kLargePlain, random).size() == wire::kLargePlain);
}

TEST_CASE("the size of a frame is what the writer uses") {
  const auto bytes = bytes_upto(50);
  const std::vector<wire::InnerFrame> frames = {wire::InnerFragment{1, 0, 2, bytes},
                                                wire::InnerPing{5}, wire::InnerPong{6},
                                                wire::InnerClose{}};
  for (const auto& frame : frames) {
    ByteArray<wire::kLargePlain> plain{};
    wire::InnerWriter writer(plain);
    REQUIRE(writer.add(frame));
    const std::size_t used = plain.size() - writer.finish().size() - 1;
    CHECK(frame_size(frame) == used);
  }
}

// ---- routes -------------------------------------------------------------------------------------

TEST_CASE("only whole packets of our own to another overlay address are routed") {
  const auto verdict = [](const std::vector<std::uint8_t>& p) {
    return classify(p, kOwn, 1280).verdict;
  };
  CHECK(verdict(packet_to(kPeer, 1280)) == Verdict::Route);
  CHECK(verdict(packet_to(kPeer, 1281)) == Verdict::TooBig);
  CHECK(verdict(packet_to(kOwn, 60)) == Verdict::Own);
  CHECK(verdict(packet_to(*parse_address("2001:db8::1"), 60)) == Verdict::NotOverlay);
  CHECK(verdict(packet_to(*parse_address("ff02::1"), 60)) == Verdict::Multicast);
  CHECK(verdict(packet_to(*parse_address("fe80::1"), 60)) == Verdict::Multicast);
  CHECK(verdict(packet_to(*parse_address("::1"), 60)) == Verdict::Multicast);
  CHECK(verdict(packet_to(*parse_address("::"), 60)) == Verdict::Multicast);
  auto foreign = packet_to(kPeer, 60);
  foreign[8 + 15] ^= 1;
  CHECK(verdict(foreign) == Verdict::ForeignSource);
  auto cut = packet_to(kPeer, 60);
  cut.pop_back();
  CHECK(verdict(cut) == Verdict::Malformed);
  auto v4 = packet_to(kPeer, 60);
  v4[0] = 0x45;
  CHECK(verdict(v4) == Verdict::Malformed);
  CHECK(verdict({}) == Verdict::Malformed);
}

TEST_CASE("expedited forwarding and class selectors from 5 up go on the realtime lane") {
  const auto lane = [](std::uint8_t dscp) {
    return classify(packet_to(kPeer, 60, dscp), kOwn, 1280).lane;
  };
  CHECK(lane(0) == Lane::Bulk);
  CHECK(lane(34) == Lane::Bulk);  // AF41
  CHECK(lane(39) == Lane::Bulk);
  CHECK(lane(40) == Lane::Realtime);  // CS5
  CHECK(lane(46) == Lane::Realtime);  // EF
  CHECK(lane(56) == Lane::Realtime);  // CS7
}

TEST_CASE("every count has a name of its own") {
  std::set<std::string> names;
  for (std::size_t i = 0; i < Tally::kCount; ++i) names.insert(name_of(static_cast<Count>(i)));
  CHECK(names.size() == Tally::kCount);
}
