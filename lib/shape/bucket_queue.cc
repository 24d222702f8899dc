// SPDX-License-Identifier: Apache-2.0
#include "shape/bucket_queue.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "shape/rings.h"

namespace covfefe::shape {
namespace {

constexpr std::uint64_t bit(std::uint32_t index) {
  return std::uint64_t{1} << (index % 64);
}
constexpr std::uint64_t from_bit(std::uint32_t index) {
  return ~std::uint64_t{0} << (index % 64);
}
constexpr std::uint64_t after_bit(std::uint32_t index) {
  return from_bit(index) & ~bit(index);
}
std::uint32_t lowest(std::uint64_t word) {
  return static_cast<std::uint32_t>(std::countr_zero(word));
}

}  // namespace

BucketQueue::BucketQueue(const Shape& shape)
    : shape_(shape),
      mask_((std::uint32_t{1} << shape.bits) - 1),
      heads_(std::size_t{1} << shape.bits, kNone),
      words_(heads_.size() / 64),
      parents_((words_.size() + 63) / 64) {
  CHECK(shape.bits >= 6 && shape.bits <= 18);
}

void BucketQueue::insert(FlowTable& table, std::uint32_t node, std::int64_t tick) {
  Node& one = table[node];
  CHECK(one.place == Place::Nowhere);
  const std::int64_t within = std::clamp<std::int64_t>(tick, earliest_, earliest_ + mask_);
  const auto bucket = static_cast<std::uint32_t>(within) & mask_;
  one.place = shape_.place;
  one.bucket = bucket;
  QueueRing::append(table, heads_[bucket], node);
  words_[bucket / 64] |= bit(bucket);
  parents_[bucket / 64 / 64] |= bit(bucket / 64);
  top_ |= bit(bucket / 64 / 64);
  ++count_;
}

void BucketQueue::remove(FlowTable& table, std::uint32_t node) {
  Node& one = table[node];
  CHECK(one.place == shape_.place);
  const std::uint32_t bucket = one.bucket;
  QueueRing::remove(table, heads_[bucket], node);
  one.place = Place::Nowhere;
  --count_;
  if (heads_[bucket] != kNone) return;
  words_[bucket / 64] &= ~bit(bucket);
  if (words_[bucket / 64] != 0) return;
  parents_[bucket / 64 / 64] &= ~bit(bucket / 64);
  if (parents_[bucket / 64 / 64] == 0) top_ &= ~bit(bucket / 64 / 64);
}

std::uint32_t BucketQueue::find(std::uint32_t from) const {
  std::uint32_t word = from / 64;
  std::uint64_t bits = words_[word] & from_bit(from);
  if (bits == 0) {
    std::uint32_t parent = word / 64;
    std::uint64_t words = parents_[parent] & after_bit(word);
    if (words == 0) {
      const std::uint64_t parents = top_ & after_bit(parent);
      if (parents == 0) return kNone;
      parent = lowest(parents);
      words = parents_[parent];
    }
    word = parent * 64 + lowest(words);
    bits = words_[word];
  }
  return word * 64 + lowest(bits);
}

std::uint32_t BucketQueue::first_bucket() const {
  const std::uint32_t ahead = find(static_cast<std::uint32_t>(earliest_) & mask_);
  return ahead != kNone ? ahead : find(0);
}

std::int64_t BucketQueue::first_tick() const {
  const auto start = static_cast<std::uint32_t>(earliest_) & mask_;
  return earliest_ + ((first_bucket() - start) & mask_);
}

std::uint32_t BucketQueue::first() const {
  return heads_[first_bucket()];
}

void BucketQueue::set_earliest(std::int64_t tick) {
  earliest_ = std::max(earliest_, tick);
}

}  // namespace covfefe::shape
