// SPDX-License-Identifier: Apache-2.0
// The bridge between two threads of one process: a bounded queue of values and an eventfd. One
// producer, one consumer, no lock. It knows neither KJ nor libevent and must outlive both threads:
// main makes it before the threads and destroys it after joining them. Values only: no references
// to the other thread's state. Stopping is a message like any other.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/eventfd.h"

namespace covfefe::os {

enum class Posted : std::uint8_t { Queued, Dropped };

template <typename T>
class Mailbox {
 public:
  static SysResult<std::unique_ptr<Mailbox>> create(std::size_t capacity) {
    SysResult<EventFd> wake = EventFd::create();
    if (!wake) return wake.error();
    return std::unique_ptr<Mailbox>(new Mailbox(capacity, std::move(*wake)));
  }
  // capacity >= 1 values.

  Posted push(T value) {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == slots_.size()) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return Posted::Dropped;
    }
    slots_[tail % slots_.size()].emplace(std::move(value));
    // Sequentially consistent with drain(): either it sees this value, or we see that it emptied
    // the queue before and wake it.
    tail_.store(tail + 1, std::memory_order_seq_cst);
    if (head_.load(std::memory_order_seq_cst) == tail) wake_.signal();
    return Posted::Queued;
  }
  // Producer thread. Never blocks: a full mailbox drops the value and counts it.

  template <typename Use>
  std::size_t drain(Use&& use, std::size_t at_most = SIZE_MAX) {
    wake_.drain();
    std::size_t used = 0;
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    for (; used < at_most && head != tail_.load(std::memory_order_seq_cst); ++used) {
      std::optional<T>& slot = slots_[head % slots_.size()];
      T value = std::move(*slot);
      slot.reset();
      head_.store(++head, std::memory_order_seq_cst);
      use(std::move(value));
    }
    if (head != tail_.load(std::memory_order_seq_cst)) wake_.signal();
    return used;
  }
  // Consumer thread, when wake_fd() is readable: hands over up to at_most values in order; what is
  // left makes the descriptor readable again. Returns how many.

  [[nodiscard]] const Fd& wake_fd() const { return wake_.fd(); }
  [[nodiscard]] std::size_t capacity() const { return slots_.size(); }
  [[nodiscard]] std::size_t depth() const {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    return tail > head ? static_cast<std::size_t>(tail - head) : 0;
  }
  // Any thread; a number for people.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  Mailbox(std::size_t capacity, EventFd wake) : slots_(capacity), wake_(std::move(wake)) {
    if (capacity == 0) bug("Mailbox without room");
  }

  std::vector<std::optional<T>> slots_;
  EventFd wake_;
  // Apart, so that the two threads do not share a cache line.
  alignas(64) std::atomic<std::uint64_t> head_{0};  // written by the consumer
  alignas(64) std::atomic<std::uint64_t> tail_{0};  // written by the producer
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace covfefe::os
