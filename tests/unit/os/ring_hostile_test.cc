// SPDX-License-Identifier: Apache-2.0
// Each side against an owner of the other memory that writes what it likes.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <random>
#include <vector>

#include "os/fdpass.h"
#include "tests/support/ring_pair.h"

namespace covfefe {
namespace {

using os::Descriptor;
using os::RingOp;
using os::SendStatus;
using tests::posting_to;
using tests::RingPair;

void write_express(os::RouterMemory& memory, std::uint32_t slot, const Descriptor& descriptor) {
  const os::DescriptorWords words = os::pack_descriptor(descriptor);
  memory.express[slot].words[0] = words.words[0];
  memory.express[slot].words[1] = words.words[1];
  memory.express_tail.value = slot + 1;
}

std::size_t take(os::FrameConsumer& shaper) {
  std::array<Descriptor, os::kTakeMost> out{};
  return shaper.take(out);
}

os::FrameRef post_one(RingPair& pair) {
  const os::FrameRef frame = pair.router.acquire(os::kLaneLink);
  pair.router.post(frame, posting_to(9, FlowId{0}, 10));
  return frame;
}

std::size_t collect(os::FrameRing& router) {
  std::array<os::FrameCompletion, 16> out{};
  return router.collect(out);
}

TEST_CASE("the shaper detaches on every descriptor field out of range") {
  const Descriptor good{
      .frame = 1, .flow = FlowId{0}, .epoch = 0, .length = 10, .op = RingOp::Send};
  Descriptor bad[9] = {good, good, good, good, good, good, good, good, good};
  bad[0].frame = os::kFrames;
  bad[1].flow = FlowId{os::kFlows};
  bad[2].length = 0;
  bad[3].length = os::kDatagramBytes + 1;
  bad[4].op = static_cast<RingOp>(9);
  bad[5].flow = FlowId{2};  // a bulk flow on the express ring
  bad[6].flow = FlowId{7};  // of no class
  bad[7].extra = 2;         // of no pace
  bad[8].flow = FlowId{1};  // only control waits for a slot
  bad[8].extra = 1;
  for (const Descriptor& descriptor : bad) {
    RingPair pair;
    write_express(*pair.router_memory, 0, descriptor);
    CHECK(take(pair.shaper) == 0);
    CHECK_FALSE(pair.shaper.attached());
    CHECK(pair.shaper.counters().violations == 1);
    CHECK_FALSE(pair.shaper.why_detached().empty());
    CHECK(take(pair.shaper) == 0);
  }
  RingPair pair;
  write_express(*pair.router_memory, 0, good);
  CHECK(take(pair.shaper) == 1);
}

TEST_CASE("a report without an interval or on another ring detaches, any other value is taken") {
  for (const bool bulk : {false, true}) {
    RingPair pair;
    Descriptor report = os::describe(flow_of(3, bulk ? FlowClass::Bulk : FlowClass::Control),
                                     {0xffff'ffff, Duration::hours(1), {}, {}, 0});
    report.extra = 0xff;
    report.length = 0xffff;
    write_express(*pair.router_memory, 0, report);
    CHECK(take(pair.shaper) == (bulk ? 0 : 1));
    CHECK(pair.shaper.attached() == !bulk);
  }
  RingPair pair;
  Descriptor timeless = os::describe(FlowId{0}, {1, {}, {}, {}, 0});
  timeless.epoch = 0;
  write_express(*pair.router_memory, 0, timeless);
  CHECK(take(pair.shaper) == 0);
  CHECK_FALSE(pair.shaper.attached());
}

TEST_CASE("the shaper detaches when more is submitted than a ring holds") {
  RingPair pair;
  pair.router_memory->express_tail.value = os::kExpressSlots + 1;
  CHECK(take(pair.shaper) == 0);
  CHECK_FALSE(pair.shaper.attached());
}

TEST_CASE("the shaper detaches when a frame it holds is posted again") {
  RingPair pair;
  const Descriptor good{
      .frame = 1, .flow = FlowId{0}, .epoch = 0, .length = 10, .op = RingOp::Send};
  write_express(*pair.router_memory, 0, good);
  CHECK(take(pair.shaper) == 1);
  write_express(*pair.router_memory, 1, good);
  CHECK(take(pair.shaper) == 0);
  CHECK_FALSE(pair.shaper.attached());
}

TEST_CASE("the shaper detaches when frames come back whose completions nobody read") {
  RingPair pair;
  Descriptor again{.frame = 1, .flow = FlowId{2}, .epoch = 0, .length = 10, .op = RingOp::Send};
  std::size_t rounds = 0;
  for (; rounds <= os::kCompletionSlots && pair.shaper.attached(); ++rounds) {
    const os::DescriptorWords words = os::pack_descriptor(again);
    os::SharedDescriptor& slot = pair.router_memory->bulk[rounds % os::kBulkSlots];
    slot.words[0] = words.words[0];
    slot.words[1] = words.words[1];
    pair.router_memory->bulk_tail.value = static_cast<std::uint32_t>(rounds + 1);
    REQUIRE(take(pair.shaper) == 1);
    pair.shaper.complete(1, SendStatus::Sent);
    pair.shaper.publish();
  }
  CHECK(rounds == os::kCompletionSlots + 1);
  CHECK_FALSE(pair.shaper.attached());
}

TEST_CASE("the shaper detaches on a frame head out of range or another length") {
  for (int which = 0; which < 6; ++which) {
    RingPair pair;
    const os::FrameRef frame = post_one(pair);
    os::FrameHead head = posting_to(9, FlowId{0}, 10).head;
    if (which == 1) head.socket = os::kWireSockets;
    if (which == 2) head.length = 11;
    if (which == 3) head.to.port = 0;
    auto words = os::pack_head(head);
    if (which == 4) words[0] ^= 1;                      // family
    if (which == 5) words[7] = std::uint64_t{1} << 56;  // spare
    for (std::size_t i = 0; i < 8; ++i) {
      pair.router_memory->frames[frame.index].head[i] = words[i];
    }
    std::array<Descriptor, os::kTakeMost> out{};
    REQUIRE(pair.shaper.take(out) == 1);
    os::FrameHead seen;
    CHECK(pair.shaper.open_head(out[0], seen) == (which == 0));
    CHECK(pair.shaper.attached() == (which == 0));
  }
}

TEST_CASE("the router detaches on a completion of a frame that is not posted") {
  for (const std::uint64_t word : {std::uint64_t{7}, std::uint64_t{os::kFrames},
                                   std::uint64_t{4} << 32, std::uint64_t{0xff} << 32}) {
    RingPair pair;
    const os::FrameRef frame = post_one(pair);
    CHECK(frame.index == 0);
    pair.shaper_memory->completions[0] = word;
    pair.shaper_memory->completion_tail.value = 1;
    CHECK(collect(pair.router) == 0);
    CHECK_FALSE(pair.router.attached());
    CHECK(pair.router.counters().violations == 1);
  }
}

TEST_CASE("the router detaches when one frame is completed twice") {
  RingPair pair;
  post_one(pair);
  pair.shaper_memory->completion_tail.value = 2;  // both words are zero: frame 0, sent
  CHECK(collect(pair.router) == 1);
  CHECK_FALSE(pair.router.attached());
}

TEST_CASE("the router detaches on indices that run backwards or ahead") {
  SUBCASE("completions ahead") {
    RingPair pair;
    pair.shaper_memory->completion_tail.value = os::kCompletionSlots + 1;
    CHECK(collect(pair.router) == 0);
    CHECK_FALSE(pair.router.attached());
  }
  SUBCASE("asleep on completions that run ahead") {
    RingPair pair;
    pair.shaper_memory->completion_tail.value = os::kCompletionSlots + 1;
    CHECK(pair.router.sleep());
    CHECK_FALSE(pair.router.attached());
  }
  SUBCASE("consumed more than was posted") {
    RingPair pair;
    pair.shaper_memory->express_head.value = 5;
    os::FrameRef frame;
    do {
      frame = pair.router.acquire(os::kLaneLink);
      if (!frame.bytes.empty()) pair.router.post(frame, posting_to(9, FlowId{0}, 10));
    } while (!frame.bytes.empty());
    // 992 were posted before the index was read; 5 of them may well be consumed.
    pair.shaper_memory->express_head.value = 4;
    CHECK(pair.router.acquire(os::kLaneLink).bytes.size() == 0);
    CHECK_FALSE(pair.router.attached());
  }
}

TEST_CASE("random scribbling over the other memory only ever detaches") {
  std::mt19937 random(17);
  for (int round = 0; round < 60; ++round) {
    RingPair pair;
    auto* theirs = reinterpret_cast<std::uint8_t*>(pair.shaper_memory);
    auto* ours = reinterpret_cast<std::uint8_t*>(pair.router_memory);
    for (int step = 0; step < 50; ++step) {
      if (pair.router.attached()) {
        if (const os::FrameRef f = pair.router.acquire(os::kLaneLink); !f.bytes.empty()) {
          pair.router.post(f, posting_to(9, FlowId{0}, 10));
        }
      }
      pair.router.flush();
      const std::size_t at = random() % 512;
      if (round % 2 == 0) {
        theirs[at] = static_cast<std::uint8_t>(random());
      } else {
        ours[at] = static_cast<std::uint8_t>(random());
      }
      collect(pair.router);
      std::array<Descriptor, os::kTakeMost> out{};
      const std::size_t count = pair.shaper.take(out);
      for (std::size_t i = 0; i < count; ++i) {
        os::FrameHead head;
        if (out[i].op == RingOp::Send && pair.shaper.open_head(out[i], head)) {
          pair.shaper.complete(out[i].frame, SendStatus::Sent);
        }
      }
      pair.shaper.publish();
    }
  }
}

// ---- the handshake ------------------------------------------------------------------------------

struct Strangers {
  tests::RingSockets sockets = tests::make_ring_sockets();
  ByteArray<24> hello{};
  Strangers() {
    copy(bytes_of("covrring"), hello);
    store_le<std::uint32_t>(hello.data() + 8, os::kRingVersion);
    store_le<std::uint64_t>(hello.data() + 16, 1);
  }
  int send(int memory) {
    const std::array<int, 1> fds = {memory};
    REQUIRE(os::send_fds(sockets.shaper, fds, hello).ok());
    const auto end = os::accept_rings(sockets.router);
    return end.ok() ? 0 : end.error().number;
  }
};

os::Fd memfd_of(std::size_t bytes, int seals) {
  os::Fd out(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::ftruncate(out.number(), static_cast<off_t>(bytes)) == 0);
  const ByteArray<16> title = [] {
    ByteArray<16> t{};
    store_le<std::uint64_t>(t.data(), os::kShaperMagic);
    store_le<std::uint64_t>(t.data() + 8, 1);
    return t;
  }();
  REQUIRE(::pwrite(out.number(), title.data(), title.size(), 0) == 16);
  if (seals != 0) REQUIRE(::fcntl(out.number(), F_ADD_SEALS, seals) == 0);
  return out;
}

constexpr int kAll = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;

TEST_CASE("memory without every seal, of another size or another kind is refused") {
  CHECK(Strangers().send(memfd_of(os::kShaperMemoryBytes, kAll).number()) == 0);
  for (const int missing : {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_FUTURE_WRITE, F_SEAL_SEAL}) {
    CHECK(Strangers().send(memfd_of(os::kShaperMemoryBytes, kAll & ~missing).number()) == EPERM);
  }
  CHECK(Strangers().send(memfd_of(os::kShaperMemoryBytes - 4'096, kAll).number()) == EPERM);
  CHECK(Strangers().send(memfd_of(os::kShaperMemoryBytes + 4'096, kAll).number()) == EPERM);
  const os::Fd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  CHECK(Strangers().send(file.number()) != 0);
}

TEST_CASE("a hello of another version, magic or generation is refused") {
  for (const std::size_t at : {std::size_t{0}, std::size_t{8}, std::size_t{12}, std::size_t{16}}) {
    Strangers strangers;
    strangers.hello[at] ^= 0x40;
    CHECK(strangers.send(memfd_of(os::kShaperMemoryBytes, kAll).number()) == EPROTO);
  }
}

TEST_CASE("a hello with too many descriptors or none is refused") {
  Strangers strangers;
  const os::Fd memory = memfd_of(os::kShaperMemoryBytes, kAll);
  const std::array<int, 2> two = {memory.number(), memory.number()};
  REQUIRE(os::send_fds(strangers.sockets.shaper, two, strangers.hello).ok());
  CHECK(os::accept_rings(strangers.sockets.router).error().number == EPROTO);
  REQUIRE(os::send_fds(strangers.sockets.shaper, {}, strangers.hello).ok());
  CHECK(os::accept_rings(strangers.sockets.router).error().number == EPROTO);
}

TEST_CASE("an answer to another hello is refused by the shaper") {
  tests::RingSockets sockets = tests::make_ring_sockets();
  auto first = os::offer_rings(sockets.shaper, 1);
  REQUIRE(first.ok());
  REQUIRE(os::accept_rings(sockets.router).ok());
  first->generation = 2;
  CHECK(os::finish_rings(sockets.shaper, std::move(*first)).error().number == EPROTO);
}

TEST_CASE("nobody but its owner can map a ring memory for writing") {
  auto memory = os::SharedMemory::create("test", 8'192);
  REQUIRE(memory.ok());
  CHECK(::mmap(nullptr, 8'192, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd().number(), 0) ==
        MAP_FAILED);
  CHECK(::ftruncate(memory->fd().number(), 4'096) != 0);
  CHECK(::pwrite(memory->fd().number(), "x", 1, 0) < 0);
}

}  // namespace
}  // namespace covfefe
