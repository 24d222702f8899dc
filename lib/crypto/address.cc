// SPDX-License-Identifier: Apache-2.0
#include "crypto/address.h"

#include "crypto/hash.h"

namespace covfefe::crypto {
namespace {

constexpr std::string_view kConsonants = "bdfghjklmnprstvz";
constexpr std::string_view kVowels = "aiou";

std::string quint(std::uint16_t value) {
  return {kConsonants[value >> 12], kVowels[(value >> 10) & 3], kConsonants[(value >> 6) & 15],
          kVowels[(value >> 4) & 3], kConsonants[value & 15]};
}

}  // namespace

Address overlay_address(KeyView service_key) {
  const auto hash = blake2b<32>({}, {bytes_of("covfefe address v1"), service_key});
  Address out;
  out.bytes[0] = 0xfd;
  copy(hash, MutableBytes(out.bytes).subspan(1));
  return out;
}

std::string fingerprint(KeyView key) {
  const auto hash = blake2b<16>({}, {bytes_of("covfefe fingerprint v1"), key});
  std::string out;
  for (std::size_t i = 0; i < hash.size(); i += 2) {
    if (i != 0) out += '-';
    out += quint(load_be<std::uint16_t>(hash.data() + i));
  }
  return out;
}

}  // namespace covfefe::crypto
