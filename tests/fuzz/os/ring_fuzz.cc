// SPDX-License-Identifier: Apache-2.0
// The packet rings against an owner of the other memory that writes whatever the input says between
// our calls. First byte: even = the shaper is hostile, odd = the router is.
#include <array>
#include <cstdint>

#include "tests/support/ring_pair.h"

namespace covfefe {
namespace {

void scribble(void* memory, std::size_t size, Reader& input) {
  const std::size_t at = input.le<std::uint32_t>() % size;
  const std::size_t count = input.le<std::uint8_t>() % 64;
  const ByteView bytes = input.take(std::min(count, input.remaining()));
  copy(bytes, MutableBytes(static_cast<std::uint8_t*>(memory), size).subspan(at));
}

// ---- a hostile shaper ---------------------------------------------------------------------------

void write_shaper_index(os::ShaperMemory& memory, Reader& input) {
  os::SharedIndex* all[] = {&memory.completion_tail, &memory.express_head, &memory.bulk_head,
                            &memory.sleep, &memory.backlog_limit};
  os::SharedIndex* which = all[input.le<std::uint8_t>() % std::size(all)];
  which->value = input.le<std::uint32_t>();
}

void write_completion(os::ShaperMemory& memory, Reader& input) {
  const std::uint32_t slot = input.le<std::uint16_t>() % os::kCompletionSlots;
  memory.completions[slot] =
      input.le<std::uint32_t>() | (std::uint64_t{input.le<std::uint16_t>()} << 32);
}

void router_call(os::FrameRing& router, Reader& input) {
  FlowId flow{input.le<std::uint16_t>() % os::kFlows};
  if (!has_class(flow)) flow.value = 0;
  std::array<os::FrameCompletion, 32> done{};
  switch (input.le<std::uint8_t>() % 7) {
    case 0: {
      const os::FrameRef frame = router.acquire(os::lane_of(flow));
      if (!frame.bytes.empty()) router.post(frame, tests::posting_to(9, flow, 100));
      return;
    }
    case 1:
      return router.cancel(flow, input.le<std::uint32_t>());
    case 2:
      router.flush();
      return;
    case 3:
      if (router.collect(done) > done.size()) bug("more completions than asked for");
      return;
    case 4:
      if (router.sleep()) router.wake();
      return;
    case 5:
      return router.report(flow, {1'400, Duration::millis(input.le<std::uint8_t>()), {}, {}, 0});
    default:
      if (router.backlog(flow) != 0 && !router.attached()) bug("backlog without a shaper");
  }
}

void hostile_shaper(Reader& input) {
  tests::RingPair pair;
  while (input.remaining() != 0 && !input.failed()) {
    switch (input.le<std::uint8_t>() % 4) {
      case 0:
        write_shaper_index(*pair.shaper_memory, input);
        break;
      case 1:
        write_completion(*pair.shaper_memory, input);
        break;
      case 2:
        scribble(pair.shaper_memory, sizeof(os::ShaperMemory), input);
        break;
      default:
        router_call(pair.router, input);
    }
    if (pair.router.free_frames() > os::kFrames) bug("frames out of nothing");
  }
}

// ---- a hostile router ---------------------------------------------------------------------------

void write_router_index(os::RouterMemory& memory, Reader& input) {
  os::SharedIndex* all[] = {&memory.express_tail, &memory.bulk_tail, &memory.completion_head,
                            &memory.sleep};
  os::SharedIndex* which = all[input.le<std::uint8_t>() % std::size(all)];
  which->value = input.le<std::uint32_t>();
}

void write_descriptor(os::RouterMemory& memory, Reader& input) {
  os::Descriptor d;
  d.flow.value = input.le<std::uint16_t>();
  d.frame = input.le<std::uint16_t>();
  d.epoch = input.le<std::uint8_t>();
  d.length = input.le<std::uint16_t>();
  d.op = static_cast<os::RingOp>(input.le<std::uint8_t>());
  const os::DescriptorWords words = os::pack_descriptor(d);
  const bool bulk = os::lane_of(d.flow) == os::kLaneBulk;
  os::SharedIndex& tail = bulk ? memory.bulk_tail : memory.express_tail;
  const std::uint32_t at = tail.value;
  os::SharedDescriptor& slot =
      bulk ? memory.bulk[at % os::kBulkSlots] : memory.express[at % os::kExpressSlots];
  slot.words[0] = words.words[0];
  slot.words[1] = words.words[1];
  tail.value = at + 1;
}

void write_head(os::RouterMemory& memory, Reader& input) {
  const std::uint32_t frame = input.le<std::uint16_t>() % os::kFrames;
  os::FrameHead head = tests::posting_to(input.le<std::uint16_t>(), {}, 0).head;
  head.socket = input.le<std::uint8_t>();
  head.length = input.le<std::uint16_t>();
  const os::FrameHeadWords words = os::pack_head(head);
  for (std::size_t i = 0; i < 8; ++i) {
    memory.frames[frame].head[i] = words[i];
  }
}

struct Held {
  std::array<os::Descriptor, os::kTakeMost> taken{};
  std::vector<os::Descriptor> queued;
};

void shaper_call(os::FrameConsumer& shaper, Held& held, Reader& input) {
  switch (input.le<std::uint8_t>() % 4) {
    case 0: {
      const std::size_t count = shaper.take(held.taken);
      for (std::size_t i = 0; i < count; ++i) {
        if (held.taken[i].op == os::RingOp::Send) held.queued.push_back(held.taken[i]);
      }
      return;
    }
    case 1:
      while (!held.queued.empty() && shaper.attached()) {
        os::FrameHead head;
        const os::Descriptor next = held.queued.back();
        held.queued.pop_back();
        if (!shaper.open_head(next, head)) return;
        if (head.socket >= os::kWireSockets || head.length != next.length) bug("head not checked");
        if (shaper.datagram(next).size() > os::kDatagramBytes) bug("datagram beyond its frame");
        shaper.complete(next.frame, os::SendStatus::Sent);
      }
      return;
    case 2:
      return shaper.publish();
    default:
      if (shaper.sleep()) shaper.wake();
  }
}

void hostile_router(Reader& input) {
  tests::RingPair pair;
  Held held;
  while (input.remaining() != 0 && !input.failed() && pair.shaper.attached()) {
    switch (input.le<std::uint8_t>() % 5) {
      case 0:
        write_router_index(*pair.router_memory, input);
        break;
      case 1:
        write_descriptor(*pair.router_memory, input);
        break;
      case 2:
        write_head(*pair.router_memory, input);
        break;
      case 3:
        scribble(pair.router_memory, sizeof(os::RouterMemory), input);
        break;
      default:
        shaper_call(pair.shaper, held, input);
    }
  }
}

}  // namespace
}  // namespace covfefe

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  covfefe::Reader input({data, size});
  if (input.le<std::uint8_t>() % 2 == 0) {
    covfefe::hostile_shaper(input);
  } else {
    covfefe::hostile_router(input);
  }
  return 0;
}
