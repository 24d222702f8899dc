// SPDX-License-Identifier: Apache-2.0
// Who may cost the keystore a handshake (A33; Steps L2 to L4, covfefe-protocol(7)). Strangers cost
// one keyed hash and get silence; when many knock, a cookie proves that the source address can
// receive; then 20 a second for each source, 200 a second in all, 64 waiting for the keystore.
#pragma once

#include <unordered_map>

#include "core/io.h"
#include "core/link/bucket.h"
#include "core/link/limits.h"
#include "core/link/paths.h"
#include "crypto/drbg.h"
#include "crypto/mac.h"
#include "wire/limits.h"

namespace covfefe::core {

struct Caller {
  Route route;          // where the answer goes
  ReceiverIndex index;  // the initiator's, for the answer
  Instant since;
};

class Doorman {
 public:
  static constexpr std::size_t kWaitingMost = 64;
  static constexpr Duration kPatience = Duration::seconds(5);
  static constexpr Duration kSecretLife = Duration::seconds(60);  // valid for as long again

  Doorman(const StaticKey& own, crypto::Drbg& random);

  enum class Verdict : std::uint8_t { Silence, Cookie, Admit };
  enum class Source : std::uint8_t { Unknown, FriendsHost };  // an address where a friend may be
  [[nodiscard]] Verdict judge(const DatagramIn& initiation, Source source, Instant now);
  // initiation: a first message of exact length and type. Admit and Cookie have taken their tokens.

  using CookieReply = ByteArray<wire::kCookieReplySize>;
  [[nodiscard]] CookieReply cookie_reply(const DatagramIn& initiation, Instant now);

  void wait(RequestId request, const Caller& caller);
  // An admitted message went to the keystore.
  [[nodiscard]] std::optional<Caller> answered(RequestId request);
  void forget_all();  // the keystore died
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  void rotate(Instant now);
  [[nodiscard]] bool shows_cookie(const DatagramIn& initiation) const;
  [[nodiscard]] bool may_have_cookie(const DatagramIn& initiation, Source source, Instant now);
  void drop_lost(Instant now);

  static constexpr std::size_t kBusy = 16;  // waiting: from here on a cookie is asked for

  crypto::Drbg& random_;
  crypto::PublicKey mac1_key_;
  crypto::PublicKey cookie_key_;
  crypto::SecretKey secret_;
  crypto::SecretKey secret_before_;
  bool sealed_ = false;         // a cookie was given under secret_
  bool before_counts_ = false;  // one was given under secret_before_ and may still be good
  Instant rotate_at_{};
  Instant look_at_{};  // for questions that got lost
  SourceLimiter sources_;
  SourceLimiter friends_cookies_;  // replies, by source: one that is posed as costs that one only
  Bucket strangers_{{50, 50}};     // without a cookie
  Bucket everybody_{{200, 100}};
  Bucket cookies_{{1000, 200}};  // replies: a flood of requests does not fill our uplink
  Bucket all_friends_cookies_{{500, 100}};
  std::unordered_map<RequestId, Caller> waiting_;
};

}  // namespace covfefe::core
