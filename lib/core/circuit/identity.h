// SPDX-License-Identifier: Apache-2.0
// Who this router is inside end-to-end sessions (Step E3, covfefe-protocol(7); A7): an X25519 pair
// of its own, certified by the keystore for one hour. A fresh pair is made for every certificate
// and asked for half an hour before the old one ends; sessions that are keyed do not need it any
// more, so a dead keystore ends no session. Thread: data.
#pragma once

#include <optional>

#include "base/address.h"
#include "base/instant.h"
#include "core/io.h"
#include "crypto/dh.h"
#include "crypto/session.h"

namespace covfefe::core {

struct SessionIdentity {
  crypto::KeyPair pair;
  crypto::Certificate certificate{};
};

class Identity {
 public:
  static constexpr Duration kRenewBefore = Duration::minutes(30);
  static constexpr Duration kRetry = Duration::seconds(5);

  explicit Identity(const Address& own) : own_(own) {}

  void clock(WallTime wall, Instant now);
  [[nodiscard]] std::optional<WallTime> wall(Instant now) const;
  // The wall clock carried forward since it was last told; nothing before the first time.

  void keystore(Instant now);
  // A keystore attached: what was asked of its predecessor is asked again at once.
  void keystore_gone();

  [[nodiscard]] Instant next_deadline() const { return ask_at_; }
  [[nodiscard]] std::optional<Certify> due(Instant now, crypto::Entropy& random);
  // The question for the keystore, when it is time; then asked(id) follows.
  void asked(RequestId id) { request_ = id; }

  [[nodiscard]] bool expects(RequestId id) const { return request_ && *request_ == id; }
  bool answered(const KeystoreReply& reply, Instant now);
  // True: a new certificate is in use. A refusal or a certificate of somebody else is asked again.

  [[nodiscard]] const SessionIdentity* valid(Instant now) const;
  // Null without a certificate that still holds for a minute.

 private:
  Address own_;
  std::optional<WallTime> wall_;
  Instant wall_at_{};
  bool attached_ = false;
  Instant ask_at_ = Instant::never();
  std::optional<RequestId> request_;
  crypto::KeyPair next_;
  SessionIdentity current_;
  std::int64_t not_after_ = 0;  // Unix seconds, 0 = no certificate
};

}  // namespace covfefe::core
