// SPDX-License-Identifier: Apache-2.0
#include "os/shm.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace covfefe::os {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
constexpr blksize_t kOrdinaryPage = 4'096;

SysResult<void> require_sealed(const Fd& memory, std::size_t bytes) {
  const int seals = ::fcntl(memory.number(), F_GET_SEALS);
  if (seals < 0) return last_error("fcntl F_GET_SEALS", "shared memory");
  struct stat info {};
  if (::fstat(memory.number(), &info) != 0) return last_error("fstat", "shared memory");
  // Huge pages report their own block size; faulting one in may fail with SIGBUS.
  const bool ordinary = info.st_blksize == kOrdinaryPage;
  const bool exact = info.st_size >= 0 && static_cast<std::size_t>(info.st_size) == bytes;
  if ((seals & kSeals) != kSeals || !ordinary || !exact) {
    return SysError{"accept", "shared memory", EPERM};
  }
  return {};
}

}  // namespace

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      fd_(std::move(other.fd_)) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  if (this == &other) return *this;
  unmap();
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  fd_ = std::move(other.fd_);
  return *this;
}

SharedMemory::~SharedMemory() {
  unmap();
}

void SharedMemory::unmap() {
  if (data_ != nullptr) ::munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

SysResult<SharedMemory> SharedMemory::create(const char* name, std::size_t bytes) {
  SharedMemory out;
  out.fd_ = Fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!out.fd_.valid()) return last_error("memfd_create", name);
  if (::ftruncate(out.fd_.number(), static_cast<off_t>(bytes)) != 0) {
    return last_error("ftruncate", name);
  }
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, out.fd_.number(), 0);
  if (data == MAP_FAILED) return last_error("mmap", name);
  out.data_ = data;
  out.size_ = bytes;
  // After our own mapping: FUTURE_WRITE forbids every later writable one.
  if (::fcntl(out.fd_.number(), F_ADD_SEALS, kSeals) != 0) {
    return last_error("fcntl F_ADD_SEALS", name);
  }
  return out;
}

SysResult<SharedMemory> SharedMemory::map_theirs(Fd memory, std::size_t bytes) {
  if (auto sealed = require_sealed(memory, bytes); !sealed) return sealed.error();
  void* data = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, memory.number(), 0);
  if (data == MAP_FAILED) return last_error("mmap", "shared memory");
  SharedMemory out;
  out.data_ = data;
  out.size_ = bytes;
  out.fd_ = std::move(memory);
  return out;
}

}  // namespace covfefe::os
