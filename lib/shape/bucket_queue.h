// SPDX-License-Identifier: Apache-2.0
// Nodes in the order of times, rounded to buckets: a ring of buckets and three levels of bitmaps
// above it. Putting in, taking out and finding the first look at a fixed number of words, whatever
// the number of nodes. Within a bucket: first in, first out. Thread: data.
#pragma once

#include <cstdint>
#include <vector>

#include "shape/flow_table.h"

namespace covfefe::shape {

class BucketQueue {
 public:
  struct Shape {
    int bits;   // 2^bits buckets, 6..18
    int shift;  // each 2^shift ns wide
    Place place;
  };
  explicit BucketQueue(const Shape& shape);

  [[nodiscard]] bool empty() const { return count_ == 0; }

  [[nodiscard]] std::int64_t tick(Instant at) const { return at.nanoseconds >> shape_.shift; }
  [[nodiscard]] std::int64_t tick_after(Instant at) const { return tick(at + last_nanosecond()); }
  [[nodiscard]] Instant start_of(std::int64_t tick) const { return {tick << shape_.shift}; }

  void insert(FlowTable& table, std::uint32_t node, std::int64_t tick);
  // A tick before the earliest or behind the last bucket counts as that; the node is in no queue.
  void remove(FlowTable& table, std::uint32_t node);

  [[nodiscard]] std::int64_t first_tick() const;  // not when empty()
  [[nodiscard]] std::uint32_t first() const;      // a node of it
  void set_earliest(std::int64_t tick);
  // No node has an earlier tick; never moves back.

 private:
  [[nodiscard]] Duration last_nanosecond() const { return {(std::int64_t{1} << shape_.shift) - 1}; }
  [[nodiscard]] std::uint32_t find(std::uint32_t from) const;
  [[nodiscard]] std::uint32_t first_bucket() const;

  Shape shape_;
  std::uint32_t mask_;
  std::int64_t earliest_ = 0;
  std::uint32_t count_ = 0;
  std::vector<std::uint32_t> heads_;
  std::vector<std::uint64_t> words_;    // a bit for each bucket
  std::vector<std::uint64_t> parents_;  // a bit for each word
  std::uint64_t top_ = 0;               // a bit for each parent
};

}  // namespace covfefe::shape
