// SPDX-License-Identifier: Apache-2.0
// Memory shared between two processes that do not trust each other: a memfd has exactly one writer
// (its creator) and can neither shrink, grow nor get a second writable mapping. Whoever maps the
// other side's memory reads it only, and reads each value once (ring_layout.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

class SharedMemory {
 public:
  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory();

  [[nodiscard]] static SysResult<SharedMemory> create(const char* name, std::size_t bytes);
  // New, zeroed, mapped for writing here; then sealed SHRINK, GROW, FUTURE_WRITE and SEAL. `name`
  // shows up in /proc/PID/maps. fd() is what the other side gets.

  [[nodiscard]] static SysResult<SharedMemory> map_theirs(Fd memory, std::size_t bytes);
  // Maps another process's memory for reading. Refuses (EPERM) what is not sealed as above, is not
  // exactly `bytes` long or does not consist of ordinary pages: such memory could end under a
  // reader.

  [[nodiscard]] bool mapped() const { return data_ != nullptr; }
  [[nodiscard]] void* data() const { return data_; }  // page aligned, null when not mapped
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const Fd& fd() const { return fd_; }
  void close_fd() { fd_ = Fd(); }
  // The mapping stays.

 private:
  void unmap();

  void* data_ = nullptr;
  std::size_t size_ = 0;
  Fd fd_;
};

}  // namespace covfefe::os
