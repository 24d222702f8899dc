// SPDX-License-Identifier: Apache-2.0
// A list of descriptors, as a hostile introducer or a damaged database may give it.
#include <algorithm>

#include "base/bug.h"
#include "wire/descriptor.h"

using namespace covfefe;
using namespace covfefe::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto list = parse_descriptors({data, size});
  if (!list) return 0;
  if (list->size() > kDescriptorsMost) bug("a list above its bound");
  for (std::size_t i = 0; i < list->size(); ++i) {
    std::size_t steps = 1;
    for (std::size_t at = i; (*list)[at].parent != kNoParent; at = (*list)[at].parent) ++steps;
    if (steps != (*list)[i].depth) bug("a depth that is not the number of steps");
  }
  if (!std::ranges::equal(write_descriptors(*list), ByteView(data, size))) bug("a list changed");
  return 0;
}
