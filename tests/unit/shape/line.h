// SPDX-License-Identifier: Apache-2.0
// A scheduler with a clock of the test: datagrams go in, time passes, what left is counted.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <vector>

#include "shape/scheduler.h"

namespace covfefe::tests {

inline constexpr Instant kStart{1'000'000'000};

inline shape::Item item(std::uint32_t link, FlowClass as, std::uint16_t wire,
                        std::uint32_t frame = 0) {
  return {.frame = frame,
          .flow = flow_of(link, as),
          .epoch = 0,
          .length = static_cast<std::uint16_t>(wire / 2),
          .wire = wire};
}
inline shape::Item bulk(std::uint32_t link, std::uint32_t frame = 0) {
  return item(link, FlowClass::Bulk, 1'448, frame);
}

struct Left {
  Instant at;
  shape::Decision what;
};

struct Line {
  explicit Line(const shape::Limits& limits = {}) : scheduler(limits) {}

  shape::Scheduler scheduler;
  Instant now = kStart;
  std::map<std::uint32_t, std::uint64_t> sent;  // by flow, wire bytes
  std::uint64_t total = 0;
  std::uint64_t dropped = 0;
  std::function<void(const Left&)> seen = [](const Left&) {};

  bool add(const shape::Item& one, shape::Pace pace = shape::Pace::Now) {
    return scheduler.enqueue(one, pace, now) == shape::Admission::Queued;
  }
  void add(const shape::Item& one, int count) {
    for (int i = 0; i < count; ++i) (void)add(one);
  }

  // What leaves at this instant.
  std::vector<shape::Decision> leave(std::size_t most = 1'024) {
    std::vector<shape::Decision> out(most);
    out.resize(scheduler.dequeue(now, out));
    for (const shape::Decision& one : out) {
      if (one.verdict == shape::Verdict::Drop) {
        ++dropped;
      } else {
        sent[one.item.flow.value] += one.item.wire;
        total += one.item.wire;
      }
      seen({now, one});
    }
    return out;
  }

  // Until then, at every deadline; `feed` is asked at each of them and at least every 100 us.
  void run_until(Instant end, const std::function<void()>& feed) {
    while (now < end) {
      feed();
      (void)leave(64);
      const Instant next = std::min(scheduler.next_deadline(), now + Duration::micros(100));
      now = std::min(end, std::max(next, now + Duration{1}));
    }
  }

  // So many datagrams are always queued in the flow.
  void keep(const shape::Item& one, std::uint32_t count) {
    while (scheduler.of(one.flow).queued < count && add(one)) {
    }
  }
  std::uint64_t of(std::uint32_t link, FlowClass as) { return sent[flow_of(link, as).value]; }
};

}  // namespace covfefe::tests
