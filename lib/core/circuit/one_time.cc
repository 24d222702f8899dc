// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/one_time.h"

#include "base/check.h"
#include "crypto/address.h"

namespace covfefe::core {

void OneTime::make(crypto::Entropy& random) {
  Keys& keys = keys_.emplace();
  keys.service = crypto::make_signing_pair(random);
  keys.address = crypto::overlay_address(keys.service.public_key);
  keys.not_after = 0;
}

std::optional<Address> OneTime::address() const {
  if (!keys_) return std::nullopt;
  return keys_->address;
}

const SessionIdentity& OneTime::certified(WallTime now, crypto::Entropy& random) {
  CHECK(keys_.has_value());
  const std::int64_t seconds = now.unix_seconds();
  // More than its lifetime is left only when the clock was set back: far ends would refuse it.
  const std::int64_t left = keys_->not_after - seconds;
  if (left >= kRenewAt && left <= kLifetime) return keys_->identity;
  keys_->not_after = seconds + kLifetime;
  keys_->identity.pair = crypto::make_key_pair(random);
  keys_->identity.certificate =
      crypto::make_certificate(keys_->service, keys_->identity.pair.public_key, keys_->not_after);
  return keys_->identity;
}

}  // namespace covfefe::core
