// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/tags.h"

#include "crypto/hash.h"

namespace covfefe::core {

DisjointnessTag disjointness_tag(const StaticKey& node, std::uint32_t epoch) {
  ByteArray<4> when{};
  store_le(when.data(), epoch);
  return crypto::blake2b<16>(node, {bytes_of("covfefe tag v1"), when});
}

ByteArray<16> service_tag(const Address& node, std::uint32_t epoch, const wire::Handle& handle) {
  ByteArray<4> when{};
  store_le(when.data(), epoch);
  return crypto::blake2b<16>(node.bytes, {bytes_of("tag"), when, handle});
}

}  // namespace covfefe::core
