// SPDX-License-Identifier: Apache-2.0
// Words that every file of this folder uses. The functions of lib/crypto are pure: no state but
// their arguments, no clock, no log; randomness comes as an Entropy&. Any thread, after init()
// succeeded. A span of a wrong length is the caller's bug and aborts; what a peer sent is answered
// with false, nothing or a Reject.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/secret.h"

namespace covfefe::crypto {

inline constexpr std::size_t kKeySize = 32;
inline constexpr std::size_t kTagSize = 16;

using KeyView = std::span<const std::uint8_t, kKeySize>;
using PublicKey = ByteArray<kKeySize>;
using SecretKey = Secret<kKeySize>;
using Tag = ByteArray<kTagSize>;

enum class Role : std::uint8_t { Initiator, Responder };

[[nodiscard]] bool init();
// sodium_init(). Call once in main before anything else of this folder; false: do not start.

}  // namespace covfefe::crypto
