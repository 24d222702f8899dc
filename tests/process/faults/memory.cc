// SPDX-License-Identifier: Apache-2.0
#include "tests/process/faults/memory.h"

#include <cerrno>
#include <cstddef>

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
}

namespace covfefe::faults {
namespace {

// The functions below have no other way to find them.
std::uint64_t counted = 0;
std::uint64_t due = 0;

bool refused() {
  if (++counted != due) return false;
  errno = ENOMEM;
  return true;
}

}  // namespace

void fail_allocation(std::uint64_t nth) {
  counted = 0;
  due = nth;
}

std::uint64_t allocations() {
  return counted;
}

}  // namespace covfefe::faults

extern "C" {

void* memory_malloc(size_t size) __asm__("malloc");
void* memory_calloc(size_t count, size_t size) __asm__("calloc");
void* memory_realloc(void* old, size_t size) __asm__("realloc");

void* memory_malloc(size_t size) {
  return covfefe::faults::refused() ? nullptr : __libc_malloc(size);
}
void* memory_calloc(size_t count, size_t size) {
  return covfefe::faults::refused() ? nullptr : __libc_calloc(count, size);
}
void* memory_realloc(void* old, size_t size) {
  return covfefe::faults::refused() ? nullptr : __libc_realloc(old, size);
}

}  // extern "C"
