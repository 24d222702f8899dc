// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>

#include "crypto/aead.h"
#include "crypto/drbg.h"
#include "crypto/hash.h"

namespace covfefe::crypto {
namespace {

constexpr Duration kReseedEvery = Duration::hours(1);

}  // namespace

void SystemEntropy::fill(MutableBytes out) {
  randombytes_buf(out.data(), out.size());
}

Drbg::Drbg(KeyView seed) : key_(seed) {}

Drbg::Drbg(Entropy& source, Instant now) : source_(&source), reseed_at_(now + kReseedEvery) {
  source.fill(key_.mutable_view());
}

void Drbg::refill() {
  stream({key_.view(), 0}, block_.mutable_view());
  const MutableBytes next = MutableBytes(block_.mutable_view()).first(kKeySize);
  copy(next, key_.mutable_view());
  sodium_memzero(next.data(), next.size());
  used_ = kKeySize;
}

void Drbg::fill(MutableBytes out) {
  while (!out.empty()) {
    if (used_ == kBlock) refill();
    const std::size_t n = std::min(out.size(), kBlock - used_);
    const MutableBytes from = MutableBytes(block_.mutable_view()).subspan(used_, n);
    copy(from, out);
    sodium_memzero(from.data(), n);
    used_ += n;
    out = out.subspan(n);
  }
}

void Drbg::reseed_if_due(Instant now) {
  if (source_ == nullptr || now < reseed_at_) return;
  SecretKey fresh;
  source_->fill(fresh.mutable_view());
  SecretKey mixed;
  blake2b(key_.view(), {fresh.view()}, mixed.mutable_view());
  key_ = std::move(mixed);
  used_ = kBlock;
  reseed_at_ = now + kReseedEvery;
}

std::uint64_t Drbg::next_u64() {
  ByteArray<8> bytes{};
  fill(bytes);
  return load_le<std::uint64_t>(bytes.data());
}

}  // namespace covfefe::crypto
