// SPDX-License-Identifier: Apache-2.0
// Against a sorted map.
#include "shape/bucket_queue.h"

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <random>

namespace covfefe {
namespace {

using shape::BucketQueue;
using shape::FlowTable;
using shape::Place;

struct World {
  FlowTable table{2'048, 1};
  BucketQueue queue;
  std::map<std::int64_t, std::deque<std::uint32_t>> model;
  std::map<std::uint32_t, std::int64_t> where;
  std::int64_t earliest = 0;
  std::int64_t buckets;

  explicit World(int bits) : queue({bits, 15, Place::Wheel}), buckets(std::int64_t{1} << bits) {}

  void insert(std::uint32_t node, std::int64_t tick) {
    queue.insert(table, node, tick);
    const std::int64_t within = std::clamp(tick, earliest, earliest + buckets - 1);
    model[within].push_back(node);
    where[node] = within;
  }
  void remove(std::uint32_t node) {
    queue.remove(table, node);
    auto& bucket = model[where[node]];
    std::erase(bucket, node);
    if (bucket.empty()) model.erase(where[node]);
    where.erase(node);
  }
  void advance(std::int64_t tick) {
    earliest = std::max(earliest, tick);
    queue.set_earliest(tick);
  }
  bool agrees() const {
    if (queue.empty() != model.empty()) return false;
    if (model.empty()) return true;
    return queue.first_tick() == model.begin()->first &&
           queue.first() == model.begin()->second.front();
  }
};

TEST_CASE("nodes come in the order of their buckets, then of their coming") {
  for (const int bits : {6, 12, 18}) {
    std::mt19937_64 random(static_cast<std::uint64_t>(bits));
    World world(bits);
    bool held = true;
    for (int i = 0; i < 400'000 && held; ++i) {
      const auto node = static_cast<std::uint32_t>(random() % 2'048);
      const auto spread = std::int64_t{1} << random() % (static_cast<unsigned>(bits) + 2);
      const auto tick = world.earliest - 5 + static_cast<std::int64_t>(random()) % spread;
      if (world.where.contains(node)) {
        world.remove(node);
      } else {
        world.insert(node, tick);
      }
      if (random() % 4 == 0 && !world.model.empty()) world.advance(world.model.begin()->first);
      held = world.agrees();
    }
    CHECK(held);
  }
}

TEST_CASE("ticks are rounded down, and up for what must not be early") {
  const BucketQueue queue({12, 16, Place::Leases});
  CHECK(queue.tick(Instant{65'536}) == 1);
  CHECK(queue.tick(Instant{65'535}) == 0);
  CHECK(queue.tick_after(Instant{65'536}) == 1);
  CHECK(queue.tick_after(Instant{65'537}) == 2);
  CHECK(queue.start_of(2) == Instant{131'072});
}

}  // namespace
}  // namespace covfefe
