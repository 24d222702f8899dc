// SPDX-License-Identifier: Apache-2.0
#include "core/link/doorman.h"

#include <utility>

#include "wire/handshake.h"

namespace covfefe::core {

Doorman::Doorman(const StaticKey& own, crypto::Drbg& random)
    : random_(random),
      mac1_key_(crypto::mac1_key(own)),
      cookie_key_(crypto::cookie_key(own)),
      sources_(random.next_u64()),
      friends_cookies_(random.next_u64()) {
  random_.fill(secret_.mutable_view());
  random_.fill(secret_before_.mutable_view());
}

void Doorman::rotate(Instant now) {
  if (now < rotate_at_) return;
  secret_before_ = std::move(secret_);
  random_.fill(secret_.mutable_view());
  // Unused for two lives: the one before is too old as well.
  before_counts_ = std::exchange(sealed_, false) && now - rotate_at_ < kSecretLife;
  rotate_at_ = now + kSecretLife;
}

bool Doorman::shows_cookie(const DatagramIn& initiation) const {
  const auto matches = [&](const crypto::SecretKey& secret) {
    return crypto::check_mac2(crypto::make_cookie(secret.view(), initiation.from),
                              initiation.bytes);
  };
  // Hashes only for what may match: a flood is paid for by the datagram.
  if (!crypto::has_mac2(initiation.bytes)) return false;
  return (sealed_ && matches(secret_)) || (before_counts_ && matches(secret_before_));
}

void Doorman::drop_lost(Instant now) {
  // A question that the mailbox dropped is never answered. Not looked for at every datagram.
  if (now < look_at_) return;
  look_at_ = now + kPatience / 50;
  std::erase_if(waiting_, [&](const auto& w) { return now - w.second.since >= kPatience; });
}

bool Doorman::may_have_cookie(const DatagramIn& initiation, Source source, Instant now) {
  if (source == Source::FriendsHost && friends_cookies_.take(initiation.from.ip, now) &&
      all_friends_cookies_.take(now)) {
    return true;
  }
  return cookies_.take(now);
}

Doorman::Verdict Doorman::judge(const DatagramIn& initiation, Source source, Instant now) {
  // Step L2: one keyed hash decides whether anything more happens.
  if (!crypto::check_mac1(mac1_key_, initiation.bytes)) return Verdict::Silence;
  if (waiting_.size() >= kBusy) drop_lost(now);
  const bool quiet = waiting_.size() < kBusy && strangers_.take(now);
  if (!quiet) {
    // Step L3.
    rotate(now);
    if (!shows_cookie(initiation)) {
      return may_have_cookie(initiation, source, now) ? Verdict::Cookie : Verdict::Silence;
    }
    if (!sources_.take(initiation.from.ip, now)) return Verdict::Silence;
  }
  // Step L4.
  if (waiting_.size() >= kWaitingMost || !everybody_.take(now)) return Verdict::Silence;
  return Verdict::Admit;
}

Doorman::CookieReply Doorman::cookie_reply(const DatagramIn& initiation, Instant now) {
  rotate(now);
  sealed_ = true;
  ByteArray<crypto::kSealedCookie> sealed{};
  crypto::seal_cookie({cookie_key_, crypto::mac1_of(initiation.bytes)},
                      crypto::make_cookie(secret_.view(), initiation.from), random_, sealed);
  const auto request = wire::parse_initiation(initiation.bytes);
  CookieReply out{};
  wire::write_cookie_reply(
      {request.ok() ? request->sender : 0, ByteView(sealed).first(wire::kCookieNonce),
       ByteView(sealed).subspan(wire::kCookieNonce)},
      out);
  return out;
}

void Doorman::wait(RequestId request, const Caller& caller) {
  waiting_.emplace(request, caller);
}

std::optional<Caller> Doorman::answered(RequestId request) {
  const auto found = waiting_.find(request);
  if (found == waiting_.end()) return std::nullopt;
  const Caller caller = found->second;
  waiting_.erase(found);
  return caller;
}

void Doorman::forget_all() {
  waiting_.clear();
}

}  // namespace covfefe::core
