// SPDX-License-Identifier: Apache-2.0
// The guard of a connection's framing beside the library: the bytes in portions of any sizes are
// judged as in one piece, and a stream that passes splits into messages within the limits. The
// first byte chooses the portions.
#include <capnp/serialize.h>

#include <cstring>

#include "base/bug.h"
#include "rpc/frame_guard.h"

namespace {

using namespace covfefe;

constexpr rpc::FrameLimits kLimits{.segments = 8, .words = 256};

bool passes(ByteView bytes, std::size_t portion) {
  rpc::FrameGuard guard(kLimits);
  while (!bytes.empty()) {
    const std::size_t size = std::min(portion, bytes.size());
    if (!guard.consume(bytes.first(size))) {
      if (guard.consume(bytes.first(size))) bug("refused, and then taken");
      return false;
    }
    bytes = bytes.subspan(size);
  }
  return true;
}

// As many whole messages as there are.
void split(ByteView bytes) {
  auto words = kj::heapArray<capnp::word>(bytes.size() / 8);
  std::memcpy(words.begin(), bytes.data(), words.asBytes().size());
  kj::ArrayPtr<const capnp::word> rest = words;
  while (rest.size() > 0) {
    const std::size_t expected = capnp::expectedSizeInWordsFromPrefix(rest);
    const std::size_t head = (kLimits.segments + 2) / 2 + 1;
    if (expected > kLimits.words + head) bug("a message beyond the limits passed");
    if (expected > rest.size()) return;
    rest = rest.slice(expected, rest.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ByteView bytes(data + 1, size - 1);
  const bool whole = passes(bytes, bytes.size());
  if (passes(bytes, data[0] % 16 + 1u) != whole) bug("the portions make a difference");
  if (whole) split(bytes);
  return 0;
}
