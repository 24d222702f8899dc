// SPDX-License-Identifier: Apache-2.0
#include "core/link/sessions.h"

#include <algorithm>

namespace covfefe::core {
namespace {

constexpr Duration kSimultaneous = Duration::seconds(5);

bool better(const Session& a, const Session& b) {
  const SessionStart& x = a.start();
  const SessionStart& y = b.start();
  const Duration apart = x.born > y.born ? x.born - y.born : y.born - x.born;
  if (x.preferred != y.preferred && apart < kSimultaneous) return x.preferred;
  return x.epoch > y.epoch;
}

}  // namespace

Sessions::~Sessions() {
  clear();
}

template <typename Predicate>
void Sessions::drop_if(Predicate gone) {
  std::erase_if(all_, [&](const std::unique_ptr<Session>& s) {
    if (!gone(*s)) return false;
    if (s.get() == sending_) sending_ = nullptr;
    indices_.withdraw(s->start().mine);
    missing_before_ += s->missing();
    return true;
  });
}

Session& Sessions::add(std::unique_ptr<Session> session) {
  if (!session->confirmed()) drop_if([](const Session& s) { return !s.confirmed(); });
  if (all_.size() == kMost) {
    const Session* worst = nullptr;
    for (const auto& s : all_) {
      if (s.get() != sending_ && (worst == nullptr || better(*worst, *s))) worst = s.get();
    }
    drop_if([&](const Session& s) { return &s == worst; });
  }
  indices_.bind(session->start().mine, session.get());
  all_.push_back(std::move(session));
  return *all_.back();
}

void Sessions::settle(Instant now) {
  drop_if([&](const Session& s) {
    return s.ends() <= now || (!s.confirmed() && s.start().born + kOldReceives <= now);
  });
  for (const auto& s : all_) {
    if (s->confirmed() && (sending_ == nullptr || better(*s, *sending_))) sending_ = s.get();
  }
  for (const auto& s : all_) {
    if (s.get() == sending_) {
      s->retire(Instant::never());
    } else if (s->confirmed() && !s->retired()) {
      s->retire(now + kOldReceives);
    }
  }
}

void Sessions::keep_boot(const BootId& boot) {
  drop_if([&](const Session& s) { return s.start().peer_boot != boot; });
}

void Sessions::clear() {
  drop_if([](const Session&) { return true; });
}

Instant Sessions::deadline() const {
  Instant soonest = Instant::never();
  for (const auto& s : all_) {
    soonest = std::min(soonest, s->ends());
    if (!s->confirmed()) soonest = std::min(soonest, s->start().born + kOldReceives);
  }
  return soonest;
}

std::uint64_t Sessions::missing() const {
  std::uint64_t sum = missing_before_;
  for (const auto& s : all_) sum += s->missing();
  return sum;
}

}  // namespace covfefe::core
