// SPDX-License-Identifier: Apache-2.0
// Puts the ordered cells of a session that came by several legs in order again (Step S8,
// covfefe-protocol(7)). Nothing is held while one leg is in use; what is held is bounded by 256
// cells and by time, whatever the other end sends. A session has memory for that only while one of
// its cells waits; all of them together have room for 64 sessions (21 MB). Thread: data.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/inline_vec.h"
#include "base/instant.h"
#include "wire/limits.h"

namespace covfefe::core {

class OrderedCells {
 public:
  virtual ~OrderedCells() = default;
  virtual void on_ordered(ByteView plain) = 0;
};

class ReorderPool;

class Reorder {
 public:
  static constexpr std::size_t kCells = 256;
  static constexpr Duration kLeastWait = Duration::millis(10);
  static constexpr Duration kMostWait = Duration::millis(50);
  static constexpr Duration kLately = Duration::millis(200);  // a leg silent for longer is idle
  static constexpr std::size_t kLegs = 8;

  explicit Reorder(ReorderPool& pool) : pool_(pool) {}
  // The pool outlives this object.
  ~Reorder() { clear(); }
  Reorder(const Reorder&) = delete;
  Reorder& operator=(const Reorder&) = delete;

  void join(CircuitId leg);
  // Cells may come by it from now on; by at most kLegs, the rest count as one.
  void leave(CircuitId leg);
  [[nodiscard]] std::size_t legs() const { return legs_.size(); }
  void set_wait(Duration wait);
  // How long a gap is waited for, cut to the bounds above.

  struct Cell {
    CircuitId leg;
    std::uint64_t sequence = 0;  // that the end-to-end window let pass: never twice
    ByteView plain;              // at most kLargePlain
  };
  void came(const Cell& cell, Instant now, OrderedCells& out);
  void tick(Instant now, OrderedCells& out);
  // Both hand over what can go, in order; out must not touch this object.
  [[nodiscard]] Instant next_deadline() const;
  // When tick() is due though nothing came.

  [[nodiscard]] std::size_t held() const { return held_; }
  [[nodiscard]] std::uint64_t gaps() const { return gaps_; }
  // Cells that were waited for in vain or not at all.
  void clear();
  // Forgets what is held; what comes next is in order.

 private:
  friend class ReorderPool;
  struct Leg {
    CircuitId id;
    std::uint64_t newest = 0;
    Instant heard = Instant::never();
  };
  struct Slot {
    std::uint64_t sequence = 0;  // 0: free, since counts begin with 1
    Instant came{};
    std::uint16_t length = 0;
  };
  struct Store {
    std::array<Slot, kCells> slots{};
    std::array<ByteArray<wire::kLargePlain>, kCells> bytes{};
  };

  void note(const Cell& cell, Instant now);
  [[nodiscard]] bool room();
  void hold(const Cell& cell, Instant now);
  [[nodiscard]] Slot& slot(std::uint64_t sequence) { return store_->slots[sequence % kCells]; }
  [[nodiscard]] bool overtaken(Instant now) const;
  void drain(Instant now, OrderedCells& out);
  void pass(std::uint64_t sequence, OrderedCells& out);
  void find_first();
  void give_back();

  ReorderPool& pool_;
  InlineVec<Leg, kLegs> legs_;
  std::unique_ptr<Store> store_;
  Duration wait_ = kMostWait;
  std::uint64_t expected_ = 1;  // everything below went out or was given up
  std::uint64_t first_held_ = 0;
  std::size_t held_ = 0;
  std::uint64_t gaps_ = 0;
};

class ReorderPool {
 public:
  static constexpr std::size_t kStores = 64;

 private:
  friend class Reorder;
  [[nodiscard]] std::unique_ptr<Reorder::Store> take();
  // Null when all are in use: then cells go on out of order.
  void give(std::unique_ptr<Reorder::Store> store);

  std::vector<std::unique_ptr<Reorder::Store>> free_;
  std::size_t made_ = 0;
};

}  // namespace covfefe::core
