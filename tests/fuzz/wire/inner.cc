// SPDX-License-Identifier: Apache-2.0
// Plaintext of end-to-end cells, from an authenticated but hostile peer.
#include <vector>

#include "base/bug.h"
#include "wire/inner.h"
#include "wire/ip.h"

using namespace covfefe;
using namespace covfefe::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  InnerReader in({data, size});
  std::vector<std::uint8_t> plain(size);
  InnerWriter out(plain);
  std::vector<std::uint8_t> packet(kTunMtu);
  for (std::size_t frames = 0;; ++frames) {
    if (frames > size) bug("more frames than bytes");
    const auto frame = in.next();
    if (!frame) return 0;
    if (!frame->has_value()) break;
    if (!out.add(**frame)) bug("a frame that was read cannot be written");
    if (const auto* p = std::get_if<InnerPacket>(&**frame)) {
      const auto whole = unpack_ipv6(p->packed, {}, packet);
      if (whole.ok() && !parse_ipv6(ByteView(packet).first(*whole)).ok()) {
        bug("unpacked something that is no packet");
      }
    }
  }
  const std::size_t used = size - out.finish().size();
  if (!std::ranges::equal(ByteView(plain).first(used), ByteView(data, used))) bug("frames changed");
  return 0;
}
