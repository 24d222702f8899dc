// SPDX-License-Identifier: Apache-2.0
// Seals a small file under a key, and makes that key from a passphrase. For lib/keys.
#pragma once

#include <optional>

#include "base/result.h"
#include "crypto/entropy.h"
#include "crypto/types.h"

namespace covfefe::crypto {

inline constexpr std::size_t kBoxOverhead = 24 + 16;  // nonce in front, tag behind

struct BoxKey {
  KeyView key;
  ByteView ad;  // bytes of the file's head, which the box binds
};
void seal_box(const BoxKey& with, Entropy& random, ByteView plain, MutableBytes out);
// out: kBoxOverhead longer than plain. XChaCha20-Poly1305, random nonce.
[[nodiscard]] bool open_box(const BoxKey& with, ByteView box, MutableBytes plain);
// plain: kBoxOverhead shorter than box, another length is false.

struct PasswordCost {
  std::uint64_t passes = 0;
  std::uint64_t memory_bytes = 0;
};
inline constexpr PasswordCost kModerateCost{3, 256ULL << 20};
inline constexpr PasswordCost kLeastCost{1, 8ULL << 10};  // tests only: no protection
inline constexpr PasswordCost kMostCost{16, 2ULL << 30};
inline constexpr std::size_t kSaltSize = 16;

[[nodiscard]] SysResult<SecretKey> password_key(ByteView passphrase,
                                                std::span<const std::uint8_t, kSaltSize> salt,
                                                PasswordCost cost);
// Argon2id. EINVAL: a cost outside kLeastCost..kMostCost (it may come from a file); ENOMEM.

}  // namespace covfefe::crypto
