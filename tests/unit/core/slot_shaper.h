// SPDX-License-Identifier: Apache-2.0
// What a shaper does for idle lanes, as little of it as the link layer can tell: a slot for each
// link every period give or take a tenth, for the cell of circuit 0 that waits longest, else a chat
// cell, else a spare; cells of circuit 0 that need not wait on a link that is not silent; CANCEL.
#pragma once

#include <deque>
#include <map>
#include <random>
#include <vector>

#include "core/io.h"

namespace covfefe::test {

struct Held {
  core::Posting posting;
  std::vector<std::uint8_t> bytes;
};

class SlotShaper {
 public:
  Duration period{};  // of every link

  [[nodiscard]] static bool waits(const core::Posting& posting) {
    return posting.pace == core::Pace::Slot || posting.lane == core::Lane::Spare;
  }
  std::vector<Held> take(Held one, Instant now) {
    State& link = links_[link_of(one.posting.flow)];
    std::vector<Held> out;
    if (!waits(one.posting) || period == Duration{}) {
      link.loud = now;
      out.assign(link.control.begin(), link.control.end());
      link.control.clear();
      out.push_back(std::move(one));
      return out;
    }
    const bool control = one.posting.lane == core::Lane::Link;
    if (control && now - link.loud < Duration::seconds(1)) return {std::move(one)};
    const bool chat = class_of(one.posting.flow) == FlowClass::Idle;
    (control ? link.control : chat ? link.chat : link.spare).push_back(std::move(one));
    if (link.next.is_never()) link.next = now + drawn();
    return out;
  }
  // What leaves now.

  std::vector<Held> slots(Instant now) {
    std::vector<Held> out;
    for (auto& [slot, link] : links_) {
      if (link.next > now) continue;
      link.next = now + drawn();
      for (std::deque<Held>* queue : {&link.control, &link.chat, &link.spare}) {
        if (queue->empty()) continue;
        out.push_back(std::move(queue->front()));
        queue->pop_front();
        break;
      }
    }
    return out;
  }
  [[nodiscard]] Instant next() const {
    Instant soonest = Instant::never();
    for (const auto& [slot, link] : links_) soonest = std::min(soonest, link.next);
    return soonest;
  }
  std::vector<core::Completion> cancel(FlowId flow, std::uint32_t epoch, Instant now) {
    std::vector<core::Completion> out;
    State& link = links_[link_of(flow)];
    for (std::deque<Held>* queue : {&link.control, &link.chat, &link.spare}) {
      std::erase_if(*queue, [&](const Held& one) {
        if (one.posting.flow != flow || one.posting.epoch >= epoch) return false;
        out.push_back({one.posting.tag, false, now});
        return true;
      });
    }
    return out;
  }
  [[nodiscard]] std::size_t spares(std::uint32_t link) { return links_[link].spare.size(); }

 private:
  struct State {
    std::deque<Held> control;
    std::deque<Held> chat;
    std::deque<Held> spare;
    Instant loud{};
    Instant next = Instant::never();
  };
  Duration drawn() {
    const std::int64_t tenth = period.nanoseconds / 10;
    return period + Duration{std::uniform_int_distribution<std::int64_t>(-tenth, tenth)(random_)};
  }

  std::map<std::uint32_t, State> links_;
  std::mt19937_64 random_{17};
};

}  // namespace covfefe::test
