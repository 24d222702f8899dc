// SPDX-License-Identifier: Apache-2.0
#include "core/stream/reorder.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace covfefe::core {

void Reorder::join(CircuitId leg) {
  if (!legs_.full()) legs_.push_back({leg, 0, Instant::never()});
}

void Reorder::leave(CircuitId leg) {
  InlineVec<Leg, kLegs> rest;
  for (const Leg& other : legs_) {
    if (other.id != leg) rest.push_back(other);
  }
  legs_ = rest;
}

void Reorder::set_wait(Duration wait) {
  wait_ = std::clamp(wait, kLeastWait, kMostWait);
}

void Reorder::note(const Cell& cell, Instant now) {
  for (Leg& leg : legs_) {
    if (leg.id != cell.leg) continue;
    leg.newest = std::max(leg.newest, cell.sequence);
    leg.heard = now;
  }
}

void Reorder::came(const Cell& cell, Instant now, OrderedCells& out) {
  note(cell, now);
  if (cell.sequence < expected_) return out.on_ordered(cell.plain);
  if (cell.sequence - expected_ >= kCells) pass(cell.sequence - kCells + 1, out);
  const bool in_turn = cell.sequence == expected_;
  if (in_turn || (held_ == 0 && (overtaken(now) || !room()))) {
    gaps_ += cell.sequence - expected_;
    expected_ = cell.sequence + 1;
    out.on_ordered(cell.plain);
  } else {
    hold(cell, now);
  }
  drain(now, out);
  if (held_ == 0) give_back();
}

void Reorder::tick(Instant now, OrderedCells& out) {
  drain(now, out);
  if (held_ == 0) give_back();
}

bool Reorder::room() {
  if (!store_) store_ = pool_.take();
  return store_ != nullptr;
}

void Reorder::hold(const Cell& cell, Instant now) {
  CHECK(cell.plain.size() <= wire::kLargePlain);
  Slot& place = slot(cell.sequence);
  if (place.sequence == 0) ++held_;
  place = {cell.sequence, now, static_cast<std::uint16_t>(cell.plain.size())};
  copy(cell.plain, store_->bytes[cell.sequence % kCells]);
  first_held_ = held_ == 1 ? cell.sequence : std::min(first_held_, cell.sequence);
}

// Every leg on which something came lately has delivered a later one: on each of them what is
// missing was overtaken, so it is lost.
bool Reorder::overtaken(Instant now) const {
  return std::all_of(legs_.begin(), legs_.end(), [this, now](const Leg& leg) {
    const bool idle = leg.heard.is_never() || leg.heard + kLately < now;
    return idle || leg.newest > expected_;
  });
}

void Reorder::drain(Instant now, OrderedCells& out) {
  while (held_ > 0) {
    const bool waited = slot(first_held_).came + wait_ <= now;
    if (first_held_ != expected_ && !waited && !overtaken(now)) return;
    pass(first_held_ + 1, out);
  }
}

// Hands over what is held below the sequence, and expects that one next.
void Reorder::pass(std::uint64_t sequence, OrderedCells& out) {
  while (held_ > 0 && first_held_ < sequence) {
    Slot& place = slot(first_held_);
    const ByteView plain = ByteView(store_->bytes[first_held_ % kCells]).first(place.length);
    gaps_ += first_held_ - expected_;
    expected_ = first_held_ + 1;
    place.sequence = 0;
    --held_;
    find_first();
    out.on_ordered(plain);
  }
  if (sequence <= expected_) return;
  gaps_ += sequence - expected_;
  expected_ = sequence;
}

void Reorder::find_first() {
  if (held_ == 0) return;
  first_held_ = expected_;
  while (slot(first_held_).sequence != first_held_) ++first_held_;
}

Instant Reorder::next_deadline() const {
  if (held_ == 0) return Instant::never();
  return store_->slots[first_held_ % kCells].came + wait_;
}

void Reorder::clear() {
  if (store_ && held_ > 0) store_->slots = {};
  held_ = 0;
  give_back();
}

// What is given back holds nothing: every slot is free.
void Reorder::give_back() {
  if (store_) pool_.give(std::move(store_));
}

std::unique_ptr<Reorder::Store> ReorderPool::take() {
  if (!free_.empty()) {
    auto store = std::move(free_.back());
    free_.pop_back();
    return store;
  }
  if (made_ == kStores) return nullptr;
  ++made_;
  return std::make_unique<Reorder::Store>();
}

void ReorderPool::give(std::unique_ptr<Reorder::Store> store) {
  free_.push_back(std::move(store));
}

}  // namespace covfefe::core
