// SPDX-License-Identifier: Apache-2.0
// The head of a key file, and its contents as if the seal had held.
#include <cstddef>
#include <cstdint>

#include "base/bug.h"
#include "keys/contents.h"
#include "keys/sealed_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe;
  if (!crypto::init()) bug("libsodium");
  const ByteView bytes(data, size);
  if (const auto head = keys::parse_head(bytes)) {
    const auto again = head->bytes();
    if (!std::equal(again.begin(), again.end(), data)) bug("a head that prints differently");
  }
  // What follows the head and the nonce stands for what the seal would have given.
  const std::size_t skipped = std::min(size, keys::kHeadSize + 24);
  const ByteView body = bytes.subspan(skipped);
  if (const auto contents = keys::decode(body)) {
    std::vector<std::uint8_t> again(keys::encoded_size(*contents));
    keys::encode(*contents, again);
    if (!std::equal(again.begin(), again.end(), body.begin(), body.end())) bug("other contents");
  }
  return 0;
}
