// SPDX-License-Identifier: Apache-2.0
// A one-time identity (Step E20, covfefe-protocol(7); A15): keys that were made here, belong to
// nobody and are forgotten with it. Thread: data.
#pragma once

#include <optional>

#include "core/circuit/identity.h"
#include "crypto/sign.h"

namespace covfefe::core {

class OneTime {
 public:
  static constexpr std::int64_t kLifetime = 3600;  // seconds that a certificate lasts
  static constexpr std::int64_t kRenewAt = 1800;   // seconds before its end

  void make(crypto::Entropy& random);
  // A fresh one in place of the last.
  void drop() { keys_.reset(); }

  [[nodiscard]] std::optional<Address> address() const;
  [[nodiscard]] const SessionIdentity& certified(WallTime now, crypto::Entropy& random);
  // With a certificate that lasts for half an hour at least; only while there is one. Valid until
  // the next call of anything here.

 private:
  struct Keys {
    crypto::SigningPair service;
    Address address;
    SessionIdentity identity;
    std::int64_t not_after;  // Unix seconds; of the certificate, 0 before the first
  };
  std::optional<Keys> keys_;
};

}  // namespace covfefe::core
