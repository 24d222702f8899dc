// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/identity.h"

#include <algorithm>

namespace covfefe::core {

namespace {

constexpr std::size_t kNotAfterAt = 64;  // service key 32, session key 32
constexpr std::int64_t kLeastSeconds = 60;

}  // namespace

void Identity::clock(WallTime wall, Instant now) {
  const bool first = !wall_.has_value();
  wall_ = wall;
  wall_at_ = now;
  if (first && attached_) ask_at_ = now;
}

std::optional<WallTime> Identity::wall(Instant now) const {
  if (!wall_) return std::nullopt;
  return WallTime{wall_->unix_nanoseconds + (now - wall_at_).nanoseconds};
}

void Identity::keystore(Instant now) {
  attached_ = true;
  request_.reset();
  if (!wall_) return;
  const std::int64_t left = not_after_ - wall(now)->unix_seconds();
  const bool fresh = left > kRenewBefore.nanoseconds / 1'000'000'000;
  ask_at_ = fresh ? now + (Duration::seconds(left) - kRenewBefore) : now;
}

void Identity::keystore_gone() {
  attached_ = false;
  request_.reset();
  ask_at_ = Instant::never();
}

std::optional<Certify> Identity::due(Instant now, crypto::Entropy& random) {
  if (!attached_ || now < ask_at_) return std::nullopt;
  next_ = crypto::make_key_pair(random);
  ask_at_ = now + kRetry;
  return Certify{next_.public_key};
}

bool Identity::answered(const KeystoreReply& reply, Instant now) {
  request_.reset();
  const auto* certified = std::get_if<Certified>(&reply.answer);
  if (certified == nullptr || !wall_) return false;
  const Result<Address> who =
      crypto::check_certificate(certified->certificate, next_.public_key, *wall(now));
  if (!who || *who != own_) return false;
  current_.certificate = certified->certificate;
  current_.pair = std::move(next_);
  not_after_ = static_cast<std::int64_t>(
      load_le<std::uint64_t>(certified->certificate.data() + kNotAfterAt));
  const Duration left = Duration::seconds(not_after_ - wall(now)->unix_seconds());
  ask_at_ = now + std::max(left - kRenewBefore, kRetry);
  return true;
}

const SessionIdentity* Identity::valid(Instant now) const {
  if (not_after_ == 0 || !wall_) return nullptr;
  return not_after_ - wall(now)->unix_seconds() > kLeastSeconds ? &current_ : nullptr;
}

}  // namespace covfefe::core
