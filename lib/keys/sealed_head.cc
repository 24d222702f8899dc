// SPDX-License-Identifier: Apache-2.0
#include "keys/sealed_head.h"

#include "base/bug.h"
#include "base/check.h"
#include "crypto/hash.h"

namespace covfefe::keys {
namespace {

constexpr std::string_view kMagic = "covfkeys";
constexpr std::string_view kCredentialLabel = "covfefe sealed v1";

bool is_known_cost(Lock lock, const crypto::PasswordCost& cost) {
  if (lock == Lock::Credential) return cost.passes == 0 && cost.memory_bytes == 0;
  return cost.passes >= crypto::kLeastCost.passes && cost.passes <= crypto::kMostCost.passes &&
         cost.memory_bytes >= crypto::kLeastCost.memory_bytes &&
         cost.memory_bytes <= crypto::kMostCost.memory_bytes;
}

const char* sentence_of(SealedFault fault) {
  switch (fault) {
    case SealedFault::Missing:
      return "there is no key file: make one with `covfefe init`";
    case SealedFault::Unreadable:
      return "the key file cannot be read";
    case SealedFault::Truncated:
      return "the key file is cut off: restore it from a backup";
    case SealedFault::Oversized:
      return "the key file is longer than it says: restore it from a backup";
    case SealedFault::NotAKeyFile:
      return "this is not a CovfefeNet key file: restore it from a backup";
    case SealedFault::WrongVersion:
      return "the key file is of another version: use the program that wrote it or a newer one";
    case SealedFault::WrongHead:
      return "the head of the key file is damaged: restore it from a backup";
    case SealedFault::NeedsOtherLock:
      return "the key file is locked another way: a passphrase file is opened with `covfefe "
             "unlock`, any other needs its credential";
    case SealedFault::DoesNotOpen:
      return "the key file does not open: wrong credential or passphrase, or the file was altered";
    case SealedFault::Malformed:
      return "the key file opens but contradicts itself: restore it from a backup";
    case SealedFault::NoMemory:
      return "no memory that can be locked for secrets: raise RLIMIT_MEMLOCK (8 MiB is plenty)";
  }
  bug("a fault of no kind");
}

}  // namespace

ByteArray<kHeadSize> SealedHead::bytes() const {
  ByteArray<kHeadSize> out{};
  Writer to(out);
  to.bytes(bytes_of(kMagic));
  to.le<std::uint16_t>(kFileVersion);
  to.le<std::uint8_t>(static_cast<std::uint8_t>(lock));
  to.skip(5);
  to.le<std::uint64_t>(cost.passes);
  to.le<std::uint64_t>(cost.memory_bytes);
  to.bytes(salt);
  to.le<std::uint32_t>(body_size);
  CHECK(to.room() == 12);
  return out;
}

Expected<SealedHead, SealedFault> parse_head(ByteView file) {
  if (file.size() < kHeadSize) return SealedFault::Truncated;
  if (file.size() > kMaxFile) return SealedFault::Oversized;
  Reader in(file.first(kHeadSize));
  if (text_of(in.take(kMagic.size())) != kMagic) return SealedFault::NotAKeyFile;
  if (in.le<std::uint16_t>() != kFileVersion) return SealedFault::WrongVersion;
  const auto lock = in.le<std::uint8_t>();
  const bool zeros_before = all_zero(in.take(5));
  SealedHead out;
  out.lock = static_cast<Lock>(lock);
  out.cost = {in.le<std::uint64_t>(), in.le<std::uint64_t>()};
  out.salt = in.array<crypto::kSaltSize>();
  out.body_size = in.le<std::uint32_t>();
  const bool known = out.lock == Lock::Credential || out.lock == Lock::Passphrase;
  if (!known || !zeros_before || !all_zero(in.take(in.remaining()))) return SealedFault::WrongHead;
  if (!is_known_cost(out.lock, out.cost) || out.body_size < kMinBody || out.body_size > kMaxBody)
    return SealedFault::WrongHead;
  const std::size_t said = kHeadSize + crypto::kBoxOverhead + out.body_size;
  if (file.size() < said) return SealedFault::Truncated;
  if (file.size() > said) return SealedFault::Oversized;
  return out;
}

SealedError sealed_error(SealedFault fault, const std::string& file) {
  return {fault, file + ": " + sentence_of(fault)};
}

Expected<crypto::SecretKey, SealedFault> sealing_key(const SealedHead& head, ByteView secret) {
  if (head.lock == Lock::Credential) {
    if (secret.size() != crypto::kKeySize) return SealedFault::NeedsOtherLock;
    crypto::SecretKey key;
    crypto::blake2b(secret, {bytes_of(kCredentialLabel), head.salt}, key.mutable_view());
    return key;
  }
  SysResult<crypto::SecretKey> key = crypto::password_key(secret, head.salt, head.cost);
  if (!key.ok()) return SealedFault::NoMemory;
  return *std::move(key);
}

}  // namespace covfefe::keys
