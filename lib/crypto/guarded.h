// SPDX-License-Identifier: Apache-2.0
// Long-term secrets in memory that is locked, left out of core dumps, fenced by guard pages and
// unreadable unless someone holds it open.
#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.h"

namespace covfefe::crypto {

class Guarded {
 public:
  [[nodiscard]] static std::optional<Guarded> make(std::size_t size);
  // Zeroed and closed. Nothing when the memory cannot be had or not be locked (RLIMIT_MEMLOCK).

  Guarded(Guarded&& other) noexcept;
  Guarded& operator=(Guarded&& other) noexcept;
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded();

  [[nodiscard]] std::size_t size() const { return size_; }

  class Reading {
   public:
    explicit Reading(const Guarded& memory);
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading();
    [[nodiscard]] ByteView bytes() const;

   private:
    const Guarded& memory_;
  };
  class Writing {
   public:
    explicit Writing(Guarded& memory);
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;
    ~Writing();
    [[nodiscard]] MutableBytes bytes() const;

   private:
    Guarded& memory_;
  };
  // Open while the object lives. Not nested, one thread.

 private:
  Guarded(std::uint8_t* at, std::size_t size) : at_(at), size_(size) {}
  std::uint8_t* at_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace covfefe::crypto
