// SPDX-License-Identifier: Apache-2.0
#include "core/promise/outbox.h"

namespace covfefe::core {

namespace {

bool replaces(const wire::Control& newer, const wire::Control& older) {
  if (newer.message.index() != older.message.index()) return false;
  return std::holds_alternative<wire::OnlineUntil>(newer.message) ||
         std::holds_alternative<wire::Leaving>(newer.message);
}

}  // namespace

bool Outbox::put(const wire::Control& message) {
  for (wire::Control& older : waiting_) {
    if (!replaces(message, older)) continue;
    older = message;
    return true;
  }
  if (waiting_.size() == kMost) return false;
  if (waiting_.empty()) due_ = Instant{};
  waiting_.push_back(message);
  return true;
}

void Outbox::pump(CellSink& sink, LinkSlot link, Instant now) {
  if (now < due_) return;
  while (!waiting_.empty() && sink.send_control(link, waiting_.front(), now)) waiting_.pop_front();
  due_ = now + kPause;
}

}  // namespace covfefe::core
