// SPDX-License-Identifier: Apache-2.0
#include "crypto/link_cell.h"

#include <sodium.h>

#include "base/check.h"

namespace covfefe::crypto {
namespace {

constexpr std::size_t kCounterAt = 4;
constexpr std::size_t kOnionAt = 12;
constexpr std::size_t kHeadSize = 12;
constexpr std::size_t kOverhead = kOnionAt + kHeadSize + kTagSize;

using TagView = std::span<const std::uint8_t, kTagSize>;

std::uint64_t header_mask(KeyView key, TagView tag) {
  const ByteArray<8> zero{};
  ByteArray<8> mask{};
  crypto_stream_chacha20_ietf_xor_ic(mask.data(), zero.data(), mask.size(), tag.data() + 4,
                                     load_le<std::uint32_t>(tag.data()), key.data());
  return load_le<std::uint64_t>(mask.data());
}

bool is_cell(ByteView datagram) {
  return datagram.size() == 1400 || datagram.size() == 256;
}

}  // namespace

void seal_cell(const DirectionKeys& keys, const CellSeal& what, ByteView onion,
               MutableBytes datagram) {
  CHECK(is_cell(datagram) && onion.size() == datagram.size() - kOverhead);
  // Everything is made in private memory and copied out: another process may read the datagram's.
  ByteArray<kHeadSize> head{};
  store_le(head.data(), what.head.circuit);
  store_le(head.data() + 4, what.head.hop_counter);
  Tag tag{};
  aead_seal({keys.aead.view(), what.counter}, onion, head, {head, tag});
  const std::uint64_t masked = what.counter ^ header_mask(keys.header.view(), tag);
  store_le(datagram.data(), what.receiver.value);
  store_le(datagram.data() + kCounterAt, masked);
  copy(onion, datagram.subspan(kOnionAt));
  copy(head, datagram.subspan(kOnionAt + onion.size()));
  copy(tag, datagram.last(kTagSize));
}

std::uint64_t unmask_counter(KeyView header_key, ByteView datagram) {
  CHECK(is_cell(datagram));
  return load_le<std::uint64_t>(datagram.data() + kCounterAt) ^
         header_mask(header_key, datagram.last<kTagSize>());
}

Result<CellHead> open_header(const KeyAt& at, ByteView datagram) {
  const ByteView onion = onion_of(datagram);
  ByteArray<kHeadSize> head{};
  const ByteView sealed = datagram.subspan(kOnionAt + onion.size(), kHeadSize);
  if (!aead_open(at, onion, {sealed, datagram.last<kTagSize>()}, head)) return Reject::Forged;
  return CellHead{load_le<std::uint32_t>(head.data()), load_le<std::uint64_t>(head.data() + 4)};
}

ByteView onion_of(ByteView datagram) {
  CHECK(is_cell(datagram));
  return datagram.subspan(kOnionAt, datagram.size() - kOverhead);
}

}  // namespace covfefe::crypto
