// SPDX-License-Identifier: Apache-2.0
// The clear first 64 bytes of the key file: what it is and how it is locked. The seal binds them as
// associated data. Pure; trusts nothing.
#pragma once

#include <string>

#include "base/result.h"
#include "crypto/sealed_box.h"

namespace covfefe::keys {

inline constexpr std::size_t kHeadSize = 64;
inline constexpr std::uint16_t kFileVersion = 1;
inline constexpr std::size_t kMinBody = 64;          // no friend endorsed
inline constexpr std::size_t kMaxBody = 512 * 1024;  // above 64 + 4,096 friends of 112 bytes
inline constexpr std::size_t kMaxFile = kHeadSize + crypto::kBoxOverhead + kMaxBody;

enum class Lock : std::uint8_t {
  Credential = 1,  // 32 random bytes, which init or systemd keeps apart from the file
  Passphrase = 2,  // Argon2id
};

struct SealedHead {
  Lock lock = Lock::Credential;
  crypto::PasswordCost cost;  // of Passphrase; zero for Credential
  ByteArray<crypto::kSaltSize> salt{};
  std::uint32_t body_size = 0;  // of the sealed contents, without kBoxOverhead

  [[nodiscard]] ByteArray<kHeadSize> bytes() const;
  // "covfkeys" 8 | version 2 | lock 1 | zero 5 | passes 8 | memory 8 | salt 16 | body 4 | zero 12
};

enum class SealedFault : std::uint8_t {
  Missing,         // no such file
  Unreadable,      // the disk or a permission
  Truncated,       // ends before its head says
  Oversized,       // goes on after its head says, or larger than any key file
  NotAKeyFile,     // the magic is not there
  WrongVersion,    // of a newer program
  WrongHead,       // a lock, cost or zero that this version does not know
  NeedsOtherLock,  // a passphrase was given where a credential is due, or the reverse
  DoesNotOpen,     // wrong credential or passphrase, or the file was altered
  Malformed,       // opened, but what it holds contradicts itself
  NoMemory,        // memory for secrets could not be had or locked
};

struct SealedError {
  SealedFault fault;
  std::string text;  // file, what is wrong, what to do
};

template <typename T>
using SealedResult = Expected<T, SealedError>;

[[nodiscard]] Expected<SealedHead, SealedFault> parse_head(ByteView file);
// Of the whole file: its length must be exactly what the head says.

[[nodiscard]] SealedError sealed_error(SealedFault fault, const std::string& file);

[[nodiscard]] Expected<crypto::SecretKey, SealedFault> sealing_key(const SealedHead& head,
                                                                   ByteView secret);
// secret: the credential (32 bytes) or the passphrase. Argon2id takes about a second.

}  // namespace covfefe::keys
