// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <string>
#include <vector>

#include "os/fd.h"
#include "sandbox/audit.h"

namespace covfefe::sandbox {
namespace {

// Just past malloc's threshold for mmap, which grows with what is freed: more would cost every
// process that memory for good.
constexpr std::size_t kLarge = 160 << 10;

// Below that threshold, and together more than what is left of any arena: the arena has to grow.
constexpr std::size_t kSmall = 96 << 10;

bool memory_works() {
  const std::vector<char> one(kSmall, 'x');
  const std::vector<char> other(kSmall, 'x');
  if (one.back() != other.back()) return false;
  std::vector<char> block(64, 'x');
  block.resize(kLarge, 'y');
  block.resize(2 * kLarge, 'z');
  return block.front() == 'x' && block.back() == 'z';
}

bool time_and_text_work() {
  timespec now{};
  if (::clock_gettime(CLOCK_MONOTONIC, &now) != 0) return false;
  const std::time_t seconds = std::time(nullptr);
  std::tm date{};
  if (::gmtime_r(&seconds, &date) == nullptr) return false;
  char text[64];
  return std::snprintf(text, sizeof text, "%d %.3f %s", date.tm_year, 0.5, "text") > 0;
}

bool exceptions_work() {
  // The one throw outside lib/rpc: whether the unwinder works here is what we want to know.
  try {
    throw std::runtime_error("trial");
  } catch (const std::runtime_error& trial) {
    return std::string(trial.what()) == "trial";
  }
}

bool randomness_works() {
  unsigned char byte = 0;
  return ::getrandom(&byte, sizeof byte, 0) == 1;
}

void* in_thread(void*) {
  static const char answer = 0;
  return memory_works() ? const_cast<char*>(&answer) : nullptr;
}

SysResult<void> thread_works() {
  pthread_t thread{};
  if (const int code = ::pthread_create(&thread, nullptr, &in_thread, nullptr); code != 0) {
    return SysError{"start a thread", "behind the filter", code};
  }
  void* answer = nullptr;
  if (const int code = ::pthread_join(thread, &answer); code != 0 || answer == nullptr) {
    return SysError{"join a thread", "behind the filter", code};
  }
  return {};
}

}  // namespace

SysResult<void> exercise_library(Threads threads) {
  if (!memory_works()) return SysError{"exercise memory", "behind the filter", ENOMEM};
  if (!time_and_text_work()) return SysError{"exercise time", "behind the filter", EIO};
  if (!exceptions_work()) return SysError{"exercise exceptions", "behind the filter", EIO};
  if (!randomness_works()) return os::last_error("exercise randomness", "behind the filter");
  return threads == Threads::AfterConfine ? thread_works() : SysResult<void>();
}

}  // namespace covfefe::sandbox
