// SPDX-License-Identifier: Apache-2.0
// Bodies of link-circuit cells. The input is stretched with zeros to the next body size.
#include <vector>

#include "base/bug.h"
#include "wire/link_frames.h"

using namespace covfefe;
using namespace covfefe::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kLargeBody) return 0;
  if (parse_link_frame({data, size}).ok() && size != kSmallBody && size != kLargeBody) {
    bug("a body of no size was read");
  }
  std::vector<std::uint8_t> body(data, data + size);
  body.resize(size <= kSmallBody ? kSmallBody : kLargeBody);
  const auto frame = parse_link_frame(body);
  if (!frame) return 0;
  std::vector<std::uint8_t> again(body.size());
  const std::size_t written = write_link_frame(*frame, again);
  if (written == 0) bug("a frame that was read cannot be written");
  if (!std::ranges::equal(ByteView(again).first(written), ByteView(body).first(written))) {
    bug("frame changed");
  }
  return 0;
}
