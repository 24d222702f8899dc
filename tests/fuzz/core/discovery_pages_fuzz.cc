// SPDX-License-Identifier: Apache-2.0
// Pages of a hostile friend's list: whatever comes, what is taken over is well formed, so is what
// this node makes of it for others, and no page is asked for that was had.
#include <algorithm>

#include "base/bug.h"
#include "core/discovery/compose.h"
#include "core/discovery/intake.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

constexpr std::uint32_t kEpoch = 490'000;

wire::Descriptor an_entry(Reader& in) {
  wire::Descriptor out;
  out.handle = {1, in.le<std::uint8_t>(), in.le<std::uint8_t>()};
  out.onion_key = {1};
  out.tag = {1, in.le<std::uint8_t>()};
  const auto parent = in.le<std::uint16_t>();
  out.parent = parent < wire::kDescriptorsMost ? parent : wire::kNoParent;
  const auto kind = in.le<std::uint8_t>();
  out.depth = out.parent == wire::kNoParent ? 1 : static_cast<std::uint8_t>(2 + kind % 2);
  out.expiry = wire::expiry_of(kEpoch + kind / 128);
  return out;
}

// What the codec lets through, and nothing else.
wire::Descriptors a_page(Reader& in) {
  wire::Descriptors out;
  out.generation = 1u + in.le<std::uint8_t>() % 4;
  out.epoch = kEpoch + in.le<std::uint8_t>() / 128;
  out.total = static_cast<std::uint16_t>(in.le<std::uint16_t>() % (wire::kDescriptorsMost + 1));
  out.from = static_cast<std::uint16_t>(in.le<std::uint16_t>() % (out.total + 1u));
  const std::size_t count = in.le<std::uint8_t>() % (wire::kDescriptorsInMessage + 1);
  while (out.entries.size() < count && out.from + out.entries.size() < out.total) {
    out.entries.push_back(an_entry(in));
  }
  return out;
}

void check(std::span<const wire::Descriptor> list) {
  if (!wire::parse_descriptors(wire::write_descriptors(list)).ok()) bug("a list that is none");
}

void check_taken(const FarList& list) {
  check(list.entries);
  const DisjointnessTag never[] = {{1, 7}, {1, 8}};
  const auto clean = without_loops(list.entries, never);
  check(clean);
  wire::Descriptor root;
  root.handle = root.tag = {2};
  root.onion_key = {2};
  root.expiry = wire::expiry_of(list.epoch);
  wire::Descriptor other = root;
  other.handle = other.tag = {3};
  const Branch branches[] = {{root, clean}, {other, clean}};
  const auto served = compose(branches, never);
  check(served);
  for (const wire::Descriptor& entry : served) {
    if (std::ranges::find(never, entry.tag) != std::end(never)) bug("a tag that was forbidden");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader in({data, size});
  Intake intake;
  std::uint16_t before = 0;
  while (!in.failed() && in.remaining() != 0) {
    const auto verdict = intake.page(a_page(in));
    const wire::DescriptorsGet next = intake.next();
    if (verdict == Intake::Verdict::Complete) {
      check_taken(intake.take());
    } else if (next.from >= wire::kDescriptorsMost) {
      bug("asks beyond the end of any list");
    } else if (verdict == Intake::Verdict::Stray && next.from != before) {
      bug("a page that was not asked for moved the list");
    }
    before = intake.next().from;
  }
  return 0;
}
