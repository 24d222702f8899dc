// SPDX-License-Identifier: Apache-2.0
// The windows that remember what came, each beside a plain set that remembers everything. The input
// is a script of steps over the numbers' line: small ones, jumps, and numbers of choice.
#include <cstdlib>
#include <set>

#include "base/bytes.h"
#include "core/circuit/hop_window.h"
#include "core/link/replay.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::uint64_t next(Reader& in, std::uint64_t newest) {
  const std::uint8_t how = in.le<std::uint8_t>();
  switch (how % 4) {
    case 0:
      return newest + how / 4;
    case 1:
      return newest - how / 4;
    case 2:
      return newest + in.le<std::uint16_t>() - 0x8000;
    default:
      return in.le<std::uint64_t>();
  }
}

template <std::size_t Bits>
void replay_window(Reader& in) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 60;  // no lane counts further
  ReplayWindow<Bits> window;
  std::set<std::uint64_t> seen;
  std::uint64_t newest = 0;
  while (in.remaining() > 0 && !in.failed()) {
    const std::uint64_t seq = next(in, newest) % kMost;
    const bool in_window = seen.empty() || seq > newest || newest - seq < Bits;
    const bool fresh = in_window && !seen.contains(seq);
    require(window.fresh(seq) == fresh);
    require(window.fresh(seq) == fresh);  // asking changes nothing
    if (!fresh) continue;
    window.set(seq);
    seen.insert(seq);
    newest = std::max(newest, seq);
    require(!window.fresh(seq));
    require(window.missing() == newest + 1 - seen.size());
  }
}

// Counters go round 2^64; none passes twice, and those near the newest pass once.
void hop_window(Reader& in) {
  HopWindow window;
  std::set<std::uint64_t> seen;
  std::uint64_t newest = in.le<std::uint64_t>();
  require(window.admit_and_mark(newest));
  const std::uint64_t first = newest;
  seen.insert(first);
  while (in.remaining() > 0 && !in.failed()) {
    const std::uint64_t counter = next(in, newest);
    const std::uint64_t offset = counter - first + HopWindow::kSize;
    const std::uint64_t front = newest - first + HopWindow::kSize;
    const bool reachable =
        offset < HopWindow::kOffsetLimit && (offset > front || front - offset < HopWindow::kSize);
    const bool admitted = window.admit_and_mark(counter);
    require(admitted == (reachable && !seen.contains(counter)));
    if (!admitted) continue;
    seen.insert(counter);
    if (offset > front) newest = counter;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65'536) return 0;
  Reader in(ByteView(data, size));
  switch (in.le<std::uint8_t>() % 3) {
    case 0:
      replay_window<64>(in);
      break;
    case 1:
      replay_window<8192>(in);
      break;
    default:
      hop_window(in);
  }
  return 0;
}
