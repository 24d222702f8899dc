// SPDX-License-Identifier: Apache-2.0
// New link keys inside a session, without the keystore (A6; Steps L26 to L28, covfefe-protocol(7)):
// Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b, prologue "covfefe rekey v1", PSK = the session's export
// key, two messages of 48 B in the control channel.
#pragma once

#include <optional>

#include "core/io.h"
#include "crypto/drbg.h"
#include "crypto/noise.h"
#include "wire/limits.h"

namespace covfefe::core {

using RekeyMessage = ByteArray<wire::kRekeyMessage>;

class RekeyOffering {
 public:
  static constexpr Duration kPatience = Duration::seconds(10);  // then another offer is made

  RekeyOffering(crypto::KeyView export_key, ReceiverIndex index);

  [[nodiscard]] RekeyMessage message(crypto::Drbg& random);  // once
  [[nodiscard]] std::optional<LinkMasters> finish(const RekeyMessage& answer);
  // Nothing when the answer is forged; the offer stands.
  [[nodiscard]] ReceiverIndex index() const { return index_; }
  // Of the session to come, issued by us.

 private:
  crypto::NoiseHandshake noise_;
  ReceiverIndex index_;
};

struct RekeyAccepted {
  LinkMasters masters;
  RekeyMessage answer{};
};
[[nodiscard]] std::optional<RekeyAccepted> accept_rekey(crypto::KeyView export_key,
                                                        const RekeyMessage& offer,
                                                        crypto::Drbg& random);
// Nothing when the offer was not made with this export key.

}  // namespace covfefe::core
