// SPDX-License-Identifier: Apache-2.0
// LD_PRELOAD for tests: shifts the wall clock of a program by the nanoseconds in the file that
// $COVFEFE_CLOCK names, 8 bytes in the machine's order, read anew at every call. The file is mapped
// when the program starts, before any jail. The monotonic clock is left alone, as a kernel leaves
// it.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
const std::atomic<std::int64_t>* shift = nullptr;
int (*real_clock)(clockid_t, timespec*) = nullptr;  // the C library's: no system call

__attribute__((constructor)) void map_shift() {
  real_clock = reinterpret_cast<int (*)(clockid_t, timespec*)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const char* path = std::getenv("COVFEFE_CLOCK");
  const int fd = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) std::abort();
  void* at = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (at == MAP_FAILED) std::abort();
  shift = static_cast<const std::atomic<std::int64_t>*>(at);
}

int read_clock(clockid_t clock, timespec* out) {
  const int result = real_clock != nullptr
                         ? real_clock(clock, out)
                         : static_cast<int>(::syscall(SYS_clock_gettime, clock, out));
  const bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (result != 0 || !wall || shift == nullptr) return result;
  const std::int64_t now = out->tv_sec * kSecond + out->tv_nsec + shift->load();
  out->tv_sec = now / kSecond;
  out->tv_nsec = now % kSecond;
  return 0;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* out) {
  return read_clock(clock, out);
}

extern "C" int gettimeofday(timeval* out, void*) {
  timespec now{};
  const int result = read_clock(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1'000;
  return result;
}

extern "C" time_t time(time_t* out) {
  timespec now{};
  (void)read_clock(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}
