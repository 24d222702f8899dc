// SPDX-License-Identifier: Apache-2.0
#include "crypto/guarded.h"

#include <sodium.h>

#include <utility>

#include "base/check.h"

namespace covfefe::crypto {

std::optional<Guarded> Guarded::make(std::size_t size) {
  auto* at = static_cast<std::uint8_t*>(sodium_malloc(size));
  if (at == nullptr) return std::nullopt;
  // sodium_malloc locks, but keeps quiet when that fails.
  if (sodium_mlock(at, size) != 0) {
    sodium_free(at);
    return std::nullopt;
  }
  sodium_memzero(at, size);
  CHECK(sodium_mprotect_noaccess(at) == 0);
  return Guarded(at, size);
}

Guarded::Guarded(Guarded&& other) noexcept
    : at_(std::exchange(other.at_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Guarded& Guarded::operator=(Guarded&& other) noexcept {
  std::swap(at_, other.at_);
  std::swap(size_, other.size_);
  return *this;
}

Guarded::~Guarded() {
  sodium_free(at_);
}

Guarded::Reading::Reading(const Guarded& memory) : memory_(memory) {
  CHECK(sodium_mprotect_readonly(memory.at_) == 0);
}
Guarded::Reading::~Reading() {
  CHECK(sodium_mprotect_noaccess(memory_.at_) == 0);
}
ByteView Guarded::Reading::bytes() const {
  return {memory_.at_, memory_.size_};
}

Guarded::Writing::Writing(Guarded& memory) : memory_(memory) {
  CHECK(sodium_mprotect_readwrite(memory.at_) == 0);
}
Guarded::Writing::~Writing() {
  CHECK(sodium_mprotect_noaccess(memory_.at_) == 0);
}
MutableBytes Guarded::Writing::bytes() const {
  return {memory_.at_, memory_.size_};
}

}  // namespace covfefe::crypto
