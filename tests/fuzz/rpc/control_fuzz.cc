// SPDX-License-Identifier: Apache-2.0
// A control message from a friend's machine: any bytes are refused or become a value whose encoding
// is stable.
#include <cstdint>
#include <vector>

#include "base/bug.h"
#include "rpc/control_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  rpc::ControlCodec codec;
  const auto first = codec.decode({data, size});
  if (!first) return 0;
  std::vector<std::uint8_t> bytes(wire::kControlMostLarge);
  bytes.resize(codec.encode(*first, bytes));
  if (bytes.empty()) bug("a value that was read cannot be written");
  const auto second = codec.decode(bytes);
  if (!second) bug("what was written is refused");
  std::vector<std::uint8_t> again(wire::kControlMostLarge);
  again.resize(codec.encode(*second, again));
  if (again != bytes) bug("two encodings of one value");
  return 0;
}
