// SPDX-License-Identifier: Apache-2.0
#include "keys/sealed_file.h"

#include <cerrno>

#include "base/check.h"

namespace covfefe::keys {
namespace {

using Bytes = std::vector<std::uint8_t>;

SealedResult<Bytes> read(const Place& place) {
  SysResult<Bytes> file = os::read_file_at(place.directory, std::string(kFileName), kMaxFile);
  if (file.ok()) return *std::move(file);
  if (file.error().number == ENOENT) return sealed_error(SealedFault::Missing, place.path);
  if (file.error().number == EFBIG) return sealed_error(SealedFault::Oversized, place.path);
  SealedError error = sealed_error(SealedFault::Unreadable, place.path);
  error.text += ": " + file.error().text();
  return error;
}

std::optional<crypto::Guarded> guarded_copy(const crypto::SecretKey& key) {
  std::optional<crypto::Guarded> out = crypto::Guarded::make(crypto::kKeySize);
  if (!out) return {};
  {
    const crypto::Guarded::Writing open(*out);
    copy(key.view(), open.bytes());
  }
  return out;
}

}  // namespace

Expected<Bytes, SealedFault> seal(const SealedHead& head, const Contents& contents,
                                  crypto::KeyView key, crypto::Entropy& random) {
  std::optional<crypto::Guarded> plain = crypto::Guarded::make(encoded_size(contents));
  if (!plain) return SealedFault::NoMemory;
  {
    const crypto::Guarded::Writing open(*plain);
    encode(contents, open.bytes());
  }
  SealedHead with_size = head;
  with_size.body_size = static_cast<std::uint32_t>(plain->size());
  const ByteArray<kHeadSize> head_bytes = with_size.bytes();
  Bytes out(kHeadSize + crypto::kBoxOverhead + plain->size());
  copy(head_bytes, out);
  const crypto::Guarded::Reading open(*plain);
  crypto::seal_box({key, head_bytes}, random, open.bytes(), MutableBytes(out).subspan(kHeadSize));
  return out;
}

Expected<Contents, SealedFault> unseal(ByteView file, crypto::KeyView key) {
  const Expected<SealedHead, SealedFault> head = parse_head(file);
  if (!head.ok()) return head.error();
  std::optional<crypto::Guarded> plain = crypto::Guarded::make(head->body_size);
  if (!plain) return SealedFault::NoMemory;
  {
    const crypto::Guarded::Writing open(*plain);
    const crypto::BoxKey with{key, file.first(kHeadSize)};
    if (!crypto::open_box(with, file.subspan(kHeadSize), open.bytes()))
      return SealedFault::DoesNotOpen;
  }
  const crypto::Guarded::Reading open(*plain);
  Expected<Contents, DecodeFault> contents = decode(open.bytes());
  if (contents.ok()) return *std::move(contents);
  return contents.error() == DecodeFault::NoMemory ? SealedFault::NoMemory : SealedFault::Malformed;
}

SealedResult<SealedHead> SealedFile::inspect(const Place& place) {
  const SealedResult<Bytes> file = read(place);
  if (!file.ok()) return file.error();
  const Expected<SealedHead, SealedFault> head = parse_head(*file);
  if (!head.ok()) return sealed_error(head.error(), place.path);
  return *head;
}

SealedResult<SealedFile::Opened> SealedFile::open(const Place& place, ByteView secret) {
  const SealedResult<Bytes> file = read(place);
  if (!file.ok()) return file.error();
  const Expected<SealedHead, SealedFault> head = parse_head(*file);
  if (!head.ok()) return sealed_error(head.error(), place.path);
  const Expected<crypto::SecretKey, SealedFault> key = sealing_key(*head, secret);
  if (!key.ok()) return sealed_error(key.error(), place.path);
  Expected<Contents, SealedFault> contents = unseal(*file, key->view());
  if (!contents.ok()) return sealed_error(contents.error(), place.path);
  std::optional<crypto::Guarded> kept = guarded_copy(*key);
  if (!kept) return sealed_error(SealedFault::NoMemory, place.path);
  return Opened{SealedFile(place, *head, *std::move(kept)), *std::move(contents)};
}

SysResult<void> SealedFile::save(const Contents& contents, crypto::Entropy& random) const {
  Expected<Bytes, SealedFault> sealed = SealedFault::NoMemory;
  {
    const crypto::Guarded::Reading open(key_);
    sealed = seal(head_, contents, open.bytes().first<crypto::kKeySize>(), random);
  }
  if (!sealed.ok()) return SysError{"lock memory for", place_->path, ENOMEM};
  return os::write_atomically_at(place_->directory, std::string(kFileName), *sealed);
}

SysResult<void> create_sealed(const std::string& path, const NewFile& with) {
  SealedHead head;
  head.lock = with.lock;
  if (with.lock == Lock::Passphrase) head.cost = with.cost;
  with.random.fill(head.salt);
  const Expected<crypto::SecretKey, SealedFault> key = sealing_key(head, with.secret);
  if (!key.ok()) return SysError{"make a sealing key for", path, ENOMEM};
  Expected<Bytes, SealedFault> sealed = seal(head, with.contents, key->view(), with.random);
  if (!sealed.ok()) return SysError{"lock memory for", path, ENOMEM};
  return os::create_file(path, *sealed, {0600, with.owner});
}

}  // namespace covfefe::keys
