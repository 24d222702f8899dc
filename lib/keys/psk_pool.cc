// SPDX-License-Identifier: Apache-2.0
#include "keys/psk_pool.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::keys {
namespace {

constexpr std::size_t kLeastRoom = 64;

}  // namespace

std::optional<PskPool> PskPool::make(std::size_t count) {
  auto memory = crypto::Guarded::make(std::max(count, kLeastRoom) * crypto::kKeySize);
  if (!memory) return {};
  return PskPool(*std::move(memory));
}

bool PskPool::grow(std::size_t count) {
  if (count <= room()) return true;
  auto larger = crypto::Guarded::make(std::max(count, 2 * room()) * crypto::kKeySize);
  if (!larger) return false;
  {
    const crypto::Guarded::Reading from(memory_);
    const crypto::Guarded::Writing to(*larger);
    copy(from.bytes(), to.bytes());
  }
  memory_ = *std::move(larger);
  return true;
}

crypto::SecretKey PskPool::get(std::size_t at) const {
  CHECK(at < room());
  const crypto::Guarded::Reading open(memory_);
  return crypto::SecretKey(open.bytes().subspan(at * crypto::kKeySize).first<crypto::kKeySize>());
}

void PskPool::set(std::size_t at, crypto::KeyView psk) {
  CHECK(at < room());
  const crypto::Guarded::Writing open(memory_);
  copy(psk, open.bytes().subspan(at * crypto::kKeySize, crypto::kKeySize));
}

}  // namespace covfefe::keys
