// SPDX-License-Identifier: Apache-2.0
// The shaper's line, with the real scheduler and the real estimator behind it, against a router
// that writes whatever the input says into its memory between our calls. Time passes as the input
// says.
#include <array>
#include <cstdint>

#include "cmd/shaper/line.h"
#include "os/ring_frames.h"
#include "os/ring_handshake.h"
#include "tests/support/ring_pair.h"

namespace covfefe {
namespace {

constexpr std::uint32_t kLinks = os::kFlows / kFlowsPerLink;

struct World {
  tests::RingSockets sockets = tests::make_ring_sockets();
  os::RouterEnd router;
  Instant now = Instant{} + Duration::hours(1);
  shaper::Line line;
  os::RouterMemory* memory = nullptr;

  explicit World(const shaper::Uplink& uplink) : line({uplink, 7, now}) { meet(1); }

  void meet(std::uint64_t generation) {
    auto offer = os::offer_rings(sockets.shaper, generation);
    if (!offer) bug(offer.error().operation);
    auto router_end = os::accept_rings(sockets.router);
    if (!router_end) bug(router_end.error().operation);
    auto shaper_end = os::finish_rings(sockets.shaper, std::move(*offer));
    if (!shaper_end) bug(shaper_end.error().operation);
    router = std::move(*router_end);
    memory = static_cast<os::RouterMemory*>(router.mine.data());
    line.attach(std::move(*shaper_end), now);
  }
};

// ---- the hostile owner of the other memory ------------------------------------------------------

void submit(os::RouterMemory& memory, FlowId flow, const os::DescriptorWords& words) {
  const bool bulk = has_class(flow) && os::lane_of(flow) == os::kLaneBulk;
  os::SharedIndex& tail = bulk ? memory.bulk_tail : memory.express_tail;
  const std::uint32_t at = tail.value;
  os::SharedDescriptor& slot =
      bulk ? memory.bulk[at % os::kBulkSlots] : memory.express[at % os::kExpressSlots];
  slot.words[0] = words.words[0];
  slot.words[1] = words.words[1];
  tail.value = at + 1;
}

// Few links, so that queues meet; every field as it could honestly be.
void post_run(os::RouterMemory& memory, Reader& input) {
  const FlowId flow{input.le<std::uint8_t>() % 64u};
  const std::uint32_t first = input.le<std::uint16_t>();
  const std::uint32_t count = input.le<std::uint8_t>() % 32;
  const auto length =
      static_cast<std::uint16_t>(1 + input.le<std::uint16_t>() % os::kDatagramBytes);
  if (!has_class(flow)) return;
  os::FrameHead head = tests::posting_to(9, flow, length).head;
  head.socket = static_cast<std::uint8_t>(flow.value % os::kWireSockets);
  const os::FrameHeadWords words = os::pack_head(head);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t frame = (first + i) % os::kFrames;
    for (std::size_t word = 0; word < words.size(); ++word) {
      memory.frames[frame].head[word] = words[word];
    }
    const bool slot = class_of(flow) == FlowClass::Control && first % 3 == 0;
    submit(memory, flow,
           os::pack_descriptor({frame, flow, first % 4, length, os::RingOp::Send,
                                static_cast<std::uint8_t>(slot ? 1 : 0)}));
  }
}

void write_report(os::RouterMemory& memory, Reader& input) {
  const FlowId flow{input.le<std::uint16_t>() % os::kFlows};
  os::PathReport report;
  report.delivered = input.le<std::uint32_t>();
  report.interval = Duration::micros(input.le<std::uint32_t>() % 2'000'000);
  report.queue = Duration::micros(input.le<std::uint32_t>() % 3'000'000);
  report.rtt = Duration::micros(input.le<std::uint32_t>() % 5'000'000);
  report.lost = input.le<std::uint8_t>();
  submit(memory, flow, os::pack_descriptor(os::describe(flow, report)));
}

void write_any(os::RouterMemory& memory, Reader& input) {
  const FlowId flow{input.le<std::uint32_t>()};
  os::DescriptorWords words{};
  words.words[0] = input.le<std::uint32_t>() | std::uint64_t{flow.value} << 32;
  words.words[1] = input.le<std::uint64_t>();
  submit(memory, flow, words);
}

void write_index(os::RouterMemory& memory, Reader& input) {
  os::SharedIndex* all[] = {&memory.express_tail, &memory.bulk_tail, &memory.completion_head,
                            &memory.sleep};
  all[input.le<std::uint8_t>() % std::size(all)]->value = input.le<std::uint32_t>();
}

void scribble(os::RouterMemory& memory, Reader& input) {
  const std::size_t at = input.le<std::uint32_t>() % sizeof memory;
  const ByteView bytes =
      input.take(std::min<std::size_t>(input.le<std::uint8_t>() % 64, input.remaining()));
  copy(bytes, MutableBytes(reinterpret_cast<std::uint8_t*>(&memory), sizeof memory).subspan(at));
}

// ---- the shaper's own calls ---------------------------------------------------------------------

void change(World& world, Reader& input) {
  shaper::Changes changes;
  const std::uint32_t slot = 1 + input.le<std::uint8_t>() % 8u;
  const std::uint8_t which = input.le<std::uint8_t>();
  shaper::LinkSetting link;
  link.slot = slot;
  link.plan.level = static_cast<shape::Level>(which % 4);
  link.plan.share = {input.le<std::uint16_t>(), input.le<std::uint16_t>(), 1u + which % 9u};
  link.plan.idle_period = which % 2 == 0 ? Duration::millis(250) : Duration{};
  if (which % 3 == 0) {
    link.lease = {1u + input.le<std::uint16_t>(), 6'000, Duration::millis(100)};
  }
  if (which % 16 == 15) {
    changes.gone.push_back(slot);
  } else {
    changes.links.push_back(link);
  }
  if (which % 5 == 0) changes.control = input.le<std::uint16_t>();
  if (which % 7 == 0) {
    changes.levels[which % shape::kLevels] = {{0, input.le<std::uint16_t>(), 1}, 500};
  }
  if (which % 11 == 0) changes.uplink = {{input.le<std::uint32_t>(), which % 2 == 0}, which};
  world.line.apply(changes, world.now);
}

void work(World& world, Reader& input) {
  shaper::Line& line = world.line;
  for (int round = 0; round < 4; ++round) {
    (void)line.intake(world.now);
    line.learn(world.now);
    const auto due = line.due(world.now);
    std::array<bool, 256> sent{};
    sent.fill(input.le<std::uint8_t>() % 8 != 0);
    std::size_t count = due.size();
    if (input.le<std::uint8_t>() % 8 == 0) count /= 2;  // a socket's buffer is full
    for (const os::OutDatagram& one : due) {
      if (one.bytes.empty() || one.bytes.size() > os::kDatagramBytes) bug("a datagram of no size");
      if (one.socket >= os::kWireSockets || one.to.port == 0) bug("a head that was not checked");
    }
    line.sent(std::span(sent).first(count), world.now);
    line.rings().publish();
  }
  if (line.scheduler().queued() + line.in_hand() > os::kFrames) bug("datagrams out of nothing");
  if (!line.rings().attached() && line.scheduler().queued() != 0) line.detach("broke the rules");
}

void look(World& world, Reader& input) {
  shaper::Figures figures;
  for (std::uint32_t i = 0; i < 8; ++i) figures.links.emplace_back().slot = i;
  world.line.fill(figures, 0, 4);
  world.line.fill(figures, 4, 4);
  shaper::CapacityNews news;
  (void)world.line.take_news(news);
  for (shape::MinuteSample minute; world.line.take_minute(minute);) {
  }
  if (input.le<std::uint8_t>() % 16 == 0) {
    world.line.detach("the router hung up");
    world.meet(2 + input.le<std::uint8_t>());
  }
}

void pass_time(World& world, Reader& input) {
  const std::uint8_t how = input.le<std::uint8_t>();
  if (how % 4 == 0) {
    const Instant next = std::min(world.line.next_deadline(), world.line.learn_deadline());
    if (!next.is_never() && next > world.now) world.now = next;
  } else {
    // From 16 us to nine minutes.
    world.now = world.now + Duration{std::int64_t{how} << (how % 4 == 1   ? 14
                                                           : how % 4 == 2 ? 22
                                                                          : 31)};
  }
  if (world.line.rings().sleep()) world.line.rings().wake();
}

void step(World& world, Reader& input) {
  switch (input.le<std::uint8_t>() % 16) {
    case 0:
      return write_index(*world.memory, input);
    case 1:
      return write_any(*world.memory, input);
    case 2:
      return scribble(*world.memory, input);
    case 3:
    case 4:
      return write_report(*world.memory, input);
    case 5:
    case 6:
      return change(world, input);
    case 7:
      return look(world, input);
    case 8:
    case 9:
      return pass_time(world, input);
    case 10:
    case 11:
    case 12:
      return work(world, input);
    default:
      return post_run(*world.memory, input);
  }
}

}  // namespace
}  // namespace covfefe

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  Reader input({data, size});
  shaper::Uplink uplink;
  uplink.capacity.ceiling = std::uint64_t{input.le<std::uint16_t>()} << 8;
  uplink.capacity.learn = input.le<std::uint8_t>() % 4 != 0;
  World world(uplink);
  static_assert(kLinks > 64);
  while (input.remaining() != 0 && !input.failed()) {
    step(world, input);
    if (!world.line.rings().attached()) world.meet(3);
  }
  return 0;
}
