// SPDX-License-Identifier: Apache-2.0
// The sealed key file on its disk. Written whole, by temporary file, fsync and rename: after a
// crash at any instant the old or the new one is there. No earlier generation is kept beside it,
// for an old file brings back friends who were revoked since; a backup is the operator's own
// decision. Thread: one; blocks on the disk.
#pragma once

#include <string>

#include "keys/contents.h"
#include "keys/sealed_head.h"
#include "os/files.h"

namespace covfefe::keys {

inline constexpr std::string_view kFileName = "keys.sealed";

struct Place {
  os::Fd directory;
  std::string path;  // of the file, for messages
};

class SealedFile {
 public:
  struct Opened;

  static SealedResult<SealedHead> inspect(const Place& place);
  // Which lock it has, without opening it.

  static SealedResult<Opened> open(const Place& place, ByteView secret);
  // secret: what the lock asks for. Changes nothing on disk. The place must outlive the file.

  [[nodiscard]] SysResult<void> save(const Contents& contents, crypto::Entropy& random) const;
  // Durable on success; on failure the file is as before, unless the error os::is_unsettled.

  [[nodiscard]] const SealedHead& head() const { return head_; }

 private:
  SealedFile(const Place& place, const SealedHead& head, crypto::Guarded key)
      : place_(&place), head_(head), key_(std::move(key)) {}

  const Place* place_;
  SealedHead head_;
  crypto::Guarded key_;  // of the seal
};

struct SealedFile::Opened {
  SealedFile file;
  Contents contents;
};

struct NewFile {
  const Contents& contents;
  Lock lock = Lock::Credential;
  crypto::PasswordCost cost = crypto::kModerateCost;  // of Passphrase
  ByteView secret;
  os::Owner owner{static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  crypto::Entropy& random;
};

[[nodiscard]] SysResult<void> create_sealed(const std::string& path, const NewFile& with);
// EEXIST if there is a file already: it is never overwritten.

[[nodiscard]] Expected<std::vector<std::uint8_t>, SealedFault> seal(const SealedHead& head,
                                                                    const Contents& contents,
                                                                    crypto::KeyView key,
                                                                    crypto::Entropy& random);
[[nodiscard]] Expected<Contents, SealedFault> unseal(ByteView file, crypto::KeyView key);
// The whole file as bytes. head.body_size is filled in by seal.

}  // namespace covfefe::keys
