// SPDX-License-Identifier: Apache-2.0
// Traffic for tests/bench/shaper, in network namespaces of its own. In every mode a datagram's
// class is SO_PRIORITY, which HTB takes as the class id 1:minor.
//   cost ADDRESS CLASSES PACKETS      ns of this thread's time for each datagram sent
//   load ADDRESS CLASSES SECONDS      every class always has something queued in the kernel
//   stamps ADDRESS SECONDS            200 bytes every 2 ms, class 1:2, with the time inside
//   shaped ADDRESS CLASSES SECONDS RATE   the same through our scheduler: so many backlogged flows,
//                                     the stamped stream has a lease; one thread, one socket
//   watch SECONDS                     receives stamps, prints their number and delays in ms
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "os/clock.h"
#include "shape/scheduler.h"

namespace covfefe {
namespace {

constexpr std::uint16_t kBulkPort = 9'001;
constexpr std::uint16_t kStampPort = 9'002;
constexpr std::uint32_t kFirstMinor = 16;  // of the backlogged classes
constexpr std::size_t kBulkBytes = 1'400;
constexpr std::size_t kStampBytes = 200;
constexpr std::uint16_t kBulkWire = kBulkBytes + 28 + 14;  // HTB counts the Ethernet header
constexpr std::uint16_t kStampWire = kStampBytes + 28 + 14;
constexpr Duration kEvery = Duration::millis(2);

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::int64_t nanoseconds(clockid_t which) {
  timespec time{};
  clock_gettime(which, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void sleep_until(Instant at) {
  const timespec time{at.nanoseconds / 1'000'000'000, at.nanoseconds % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

class Socket {
 public:
  explicit Socket(const char* address) : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    if (fd_ < 0) fail("socket");
    to_.sin_family = AF_INET;
    if (inet_pton(AF_INET, address, &to_.sin_addr) != 1) fail(address);
    const int bytes = 1 << 29;
    if (setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
      fail("SO_SNDBUFFORCE");
  }
  void set_class(std::uint32_t minor) {
    const auto priority = static_cast<int>(1U << 16 | minor);
    if (setsockopt(fd_, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority) != 0) {
      fail("SO_PRIORITY");
    }
  }
  // False: a queue was full.
  bool send(std::uint16_t port, std::size_t bytes) {
    to_.sin_port = htons(port);
    if (sendto(fd_, data_.data(), bytes, 0, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) >=
        0) {
      return true;
    }
    if (errno != ENOBUFS && errno != EAGAIN) fail("sendto");
    return false;
  }
  void stamp(Instant at) { std::memcpy(data_.data(), &at.nanoseconds, sizeof at.nanoseconds); }
  bool room(std::size_t bytes) const {
    std::array<std::uint32_t, 9> info{};
    socklen_t size = sizeof info;
    if (getsockopt(fd_, SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) fail("SO_MEMINFO");
    return info[2] < bytes;  // SK_MEMINFO_WMEM_ALLOC
  }

 private:
  int fd_;
  sockaddr_in to_{};
  std::array<char, 2'048> data_{};
};

std::vector<std::uint32_t> minors(std::uint32_t classes) {
  std::vector<std::uint32_t> out(classes);
  std::iota(out.begin(), out.end(), kFirstMinor);
  std::shuffle(out.begin(), out.end(), std::mt19937(7));
  return out;
}

int cost(const char* address, std::uint32_t classes, std::uint32_t packets) {
  Socket socket(address);
  const auto order = minors(classes);
  const auto round = [&](std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      socket.set_class(order[i % classes]);
      (void)socket.send(kBulkPort, kBulkBytes);
    }
  };
  round(classes);
  const std::int64_t start = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  round(packets);
  const std::int64_t took = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start;
  std::printf("%.1f\n", static_cast<double>(took) / packets);
  return 0;
}

// About four datagrams wait in every class: what is queued is charged to the socket.
int load(const char* address, std::uint32_t classes, int seconds) {
  constexpr std::size_t kCharged = 2'304 + 512;
  Socket socket(address);
  const auto order = minors(classes);
  const Instant end = os::monotonic_now() + Duration::seconds(seconds);
  std::uint32_t next = 0;
  while (os::monotonic_now() < end) {
    if (!socket.room(4 * kCharged * classes)) {
      sleep_until(os::monotonic_now() + Duration::micros(200));
      continue;
    }
    for (int i = 0; i < 64; ++i) {
      socket.set_class(order[next]);
      (void)socket.send(kBulkPort, kBulkBytes);
      next = next + 1 == classes ? 0 : next + 1;
    }
  }
  return 0;
}

int stamps(const char* address, int seconds) {
  Socket socket(address);
  socket.set_class(2);
  const Instant end = os::monotonic_now() + Duration::seconds(seconds);
  for (Instant next = os::monotonic_now(); next < end; next = next + kEvery) {
    sleep_until(next);
    socket.stamp(os::monotonic_now());
    (void)socket.send(kStampPort, kStampBytes);
  }
  return 0;
}

// The process's loop in small: look, send what is due, sleep until something may be due.
class Shaped {
 public:
  Shaped(const char* address, std::uint32_t flows, std::uint64_t rate)
      : socket_(address),
        flows_(flows),
        scheduler_({.flows = (flows + 1) * kFlowsPerLink,
                    .items = 4 * (flows + 1),
                    .total_bytes = 1ULL << 40}) {
    scheduler_.set_rate(rate);
    scheduler_.set_lease(flows_, {.rate = 200'000, .burst = 2 * kStampWire, .target = {}});
    for (std::uint32_t i = 0; i < 3 * flows_; ++i) add(i % flows_, FlowClass::Bulk, kBulkWire);
  }
  void run(int seconds) {
    const Instant end = os::monotonic_now() + Duration::seconds(seconds);
    Instant next = os::monotonic_now();
    for (Instant now = next; now < end; now = os::monotonic_now()) {
      if (now >= next) {
        stamped_ = now;
        add(flows_, FlowClass::Leased, kStampWire);
        next = next + kEvery;
      }
      send_due();
      sleep_until(std::min(next, scheduler_.next_deadline()));
    }
  }

 private:
  void add(std::uint32_t link, FlowClass as, std::uint16_t wire) {
    (void)scheduler_.enqueue({.flow = flow_of(link, as), .length = 1, .wire = wire},
                             shape::Pace::Now, os::monotonic_now());
  }
  void send_due() {
    const std::size_t count = scheduler_.dequeue(os::monotonic_now(), decisions_);
    for (std::size_t i = 0; i < count; ++i) {
      const shape::Item& item = decisions_[i].item;
      if (class_of(item.flow) == FlowClass::Leased) {
        socket_.stamp(stamped_);
        (void)socket_.send(kStampPort, kStampBytes);
        continue;
      }
      if (decisions_[i].verdict == shape::Verdict::Send) (void)socket_.send(kBulkPort, kBulkBytes);
      add(link_of(item.flow), FlowClass::Bulk, kBulkWire);
    }
  }
  Socket socket_;
  std::uint32_t flows_;
  shape::Scheduler scheduler_;
  Instant stamped_;
  std::array<shape::Decision, 64> decisions_{};
};

int watch(int seconds) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(kStampPort);
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) fail("bind");
  const timeval wait{0, 100'000};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0) fail("SO_RCVTIMEO");
  std::vector<double> delays;
  const Instant end = os::monotonic_now() + Duration::seconds(seconds);
  while (os::monotonic_now() < end) {
    std::int64_t sent = 0;
    if (recv(fd, &sent, sizeof sent, MSG_TRUNC) != static_cast<ssize_t>(kStampBytes)) continue;
    delays.push_back(static_cast<double>(os::monotonic_now().nanoseconds - sent) / 1e6);
  }
  close(fd);
  std::sort(delays.begin(), delays.end());
  const auto at = [&](std::size_t per_mille) {
    return delays.empty() ? 0.0 : delays[(delays.size() - 1) * per_mille / 1'000];
  };
  std::printf("%zu %.4f %.4f %.4f\n", delays.size(), at(500), at(990), at(999));
  return 0;
}

int run(const std::vector<const char*>& words) {
  const auto number = [&](std::size_t index) {
    return static_cast<std::uint32_t>(std::strtoul(words[index], nullptr, 10));
  };
  const std::string_view mode = words.empty() ? "" : words[0];
  if (mode == "cost" && words.size() == 4) return cost(words[1], number(2), number(3));
  if (mode == "load" && words.size() == 4) {
    return load(words[1], number(2), static_cast<int>(number(3)));
  }
  if (mode == "stamps" && words.size() == 3) return stamps(words[1], static_cast<int>(number(2)));
  if (mode == "watch" && words.size() == 2) return watch(static_cast<int>(number(1)));
  if (mode == "shaped" && words.size() == 5) {
    Shaped(words[1], number(2), number(4)).run(static_cast<int>(number(3)));
    return 0;
  }
  std::fputs("usage: see the head of tests/bench/shaper_peer.cc\n", stderr);
  return 2;
}

}  // namespace
}  // namespace covfefe

int main(int count, char** words) {
  return covfefe::run({words + 1, words + count});
}
