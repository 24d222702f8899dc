// SPDX-License-Identifier: Apache-2.0
// A slow link between two network namespaces, in user space and real time: IP packets from device A
// wait in one queue of limited bytes for a line whose rate changes in steps, then travel for a
// delay with jitter that never overtakes; some are lost. Packets from B only travel. The random
// choices come from a seed.
//
//   link_emulator NS_A DEV_A NS_B DEV_B key=value ...
//     rate=BYTES_PER_SECOND  buffer=BYTES  delay_us=N (each way)  jitter_us=N  loss=OF_1000  seed=N
//     step=MS:BYTES_PER_SECOND (any number, in order; MS from the line "go" on standard input)
//
// Prints "ready", then for each 10 ms with packets: the ms since "go" (negative before), bytes that
// left the queue, packets, mean and greatest wait in us, packets dropped. Ends at end of input.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace {

using Nanos = std::int64_t;
constexpr Nanos kMillisecond = 1'000'000;
constexpr Nanos kSecond = 1'000'000'000;
constexpr Nanos kBucket = 10 * kMillisecond;
constexpr std::size_t kLargest = 65'536;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "link_emulator: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

Nanos clock_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

struct Step {
  Nanos after = 0;  // "go"
  std::int64_t rate = 0;
};

struct Settings {
  std::int64_t rate = 1'250'000;
  std::int64_t buffer = 250'000;
  Nanos delay = 0;
  Nanos jitter = 0;
  std::uint32_t loss = 0;
  std::uint64_t seed = 1;
  std::vector<Step> steps;
};

struct Packet {
  std::vector<char> bytes;
  Nanos at = 0;  // in the queue: came; on the way: is due
};

class Log {
 public:
  void left(Nanos when, std::size_t bytes, Nanos waited) {
    turn(when);
    bytes_ += bytes;
    ++packets_;
    sum_ += waited;
    most_ = std::max(most_, waited);
  }
  void dropped(Nanos when) {
    turn(when);
    ++dropped_;
  }
  void go(Nanos when) { begin_ = when; }
  void turn(Nanos when) {
    const Nanos bucket = when / kBucket;
    if (bucket == bucket_) return;
    if (packets_ + dropped_ > 0) print();
    bucket_ = bucket;
    bytes_ = packets_ = dropped_ = 0;
    sum_ = most_ = 0;
  }

 private:
  void print() const {
    const Nanos from = (bucket_ * kBucket - begin_) / kMillisecond;
    const Nanos mean = packets_ == 0 ? 0 : sum_ / static_cast<Nanos>(packets_);
    std::printf("%lld %zu %zu %lld %lld %zu\n", static_cast<long long>(from), bytes_, packets_,
                static_cast<long long>(mean / 1'000), static_cast<long long>(most_ / 1'000),
                dropped_);
  }

  Nanos begin_ = 0;
  Nanos bucket_ = 0;
  std::size_t bytes_ = 0;
  std::size_t packets_ = 0;
  std::size_t dropped_ = 0;
  Nanos sum_ = 0;
  Nanos most_ = 0;
};

// Opens a TUN device in another namespace; the descriptor outlives the visit.
int open_tun(const std::string& space, const std::string& name) {
  const int there = open(("/run/netns/" + space).c_str(), O_RDONLY | O_CLOEXEC);
  if (there < 0 || setns(there, CLONE_NEWNET) != 0) fail("namespace " + space);
  close(there);
  const int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tun < 0) fail("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  if (ioctl(tun, TUNSETIFF, &request) != 0) fail("device " + name);
  return tun;
}

class Emulator {
 public:
  Emulator(const Settings& settings, int a, int b)
      : settings_(settings), a_(a), b_(b), rate_(settings.rate), random_(settings.seed) {}

  void run();

 private:
  bool read_input();
  void take(int from, Nanos now);
  void queue(Packet packet, Nanos now);
  void serve(Nanos now);
  void deliver(std::deque<Packet>& way, int to, Nanos now);
  void apply_steps(Nanos now);
  [[nodiscard]] Nanos next_event() const;

  Settings settings_;
  int a_;
  int b_;
  std::int64_t rate_;
  std::mt19937_64 random_;
  Nanos began_ = -1;
  std::size_t steps_done_ = 0;
  std::deque<Packet> waiting_;
  std::int64_t waiting_bytes_ = 0;
  Nanos line_free_ = 0;
  std::deque<Packet> to_b_;
  std::deque<Packet> to_a_;
  Log log_;
};

bool Emulator::read_input() {
  char text[64];
  const ssize_t got = read(STDIN_FILENO, text, sizeof text);
  if (got == 0) return false;
  if (got > 0 && began_ < 0) {
    began_ = clock_now();
    log_.go(began_);
  }
  return true;
}

void Emulator::take(int from, Nanos now) {
  static char buffer[kLargest];
  for (int i = 0; i < 512; ++i) {
    const ssize_t got = read(from, buffer, sizeof buffer);
    if (got <= 0) return;
    Packet packet{{buffer, buffer + got}, now};
    if (from == a_) {
      queue(std::move(packet), now);
    } else {
      packet.at = now + settings_.delay;
      to_a_.push_back(std::move(packet));
    }
  }
}

void Emulator::queue(Packet packet, Nanos now) {
  const auto size = static_cast<std::int64_t>(packet.bytes.size());
  if (waiting_bytes_ + size > settings_.buffer) return log_.dropped(now);
  waiting_bytes_ += size;
  waiting_.push_back(std::move(packet));
}

void Emulator::serve(Nanos now) {
  while (!waiting_.empty()) {
    const Nanos start = std::max(line_free_, waiting_.front().at);
    if (start > now) return;
    Packet packet = std::move(waiting_.front());
    waiting_.pop_front();
    const auto size = static_cast<std::int64_t>(packet.bytes.size());
    waiting_bytes_ -= size;
    line_free_ = start + size * kSecond / rate_;
    log_.left(start, packet.bytes.size(), start - packet.at);
    if (settings_.loss != 0 && random_() % 1'000 < settings_.loss) continue;
    packet.at = line_free_ + settings_.delay;
    if (settings_.jitter != 0) {
      packet.at += static_cast<Nanos>(random_() % static_cast<std::uint64_t>(settings_.jitter));
    }
    if (!to_b_.empty()) packet.at = std::max(packet.at, to_b_.back().at);
    to_b_.push_back(std::move(packet));
  }
}

void Emulator::deliver(std::deque<Packet>& way, int to, Nanos now) {
  for (; !way.empty() && way.front().at <= now; way.pop_front()) {
    const Packet& packet = way.front();
    // A device that is down or full takes nothing: as on any link, that packet is lost.
    if (write(to, packet.bytes.data(), packet.bytes.size()) < 0 && errno == EBADF) fail("device");
  }
}

void Emulator::apply_steps(Nanos now) {
  if (began_ < 0) return;
  while (steps_done_ < settings_.steps.size() &&
         began_ + settings_.steps[steps_done_].after <= now) {
    rate_ = settings_.steps[steps_done_].rate;
    ++steps_done_;
  }
}

Nanos Emulator::next_event() const {
  Nanos next = clock_now() + kSecond;
  if (!waiting_.empty()) next = std::min(next, std::max(line_free_, waiting_.front().at));
  if (!to_a_.empty()) next = std::min(next, to_a_.front().at);
  if (!to_b_.empty()) next = std::min(next, to_b_.front().at);
  if (began_ >= 0 && steps_done_ < settings_.steps.size()) {
    next = std::min(next, began_ + settings_.steps[steps_done_].after);
  }
  return next;
}

void Emulator::run() {
  std::printf("ready\n");
  for (;;) {
    const Nanos wait = std::max<Nanos>(next_event() - clock_now(), 0);
    const timespec limit{wait / kSecond, wait % kSecond};
    pollfd ready[] = {{STDIN_FILENO, POLLIN, 0}, {a_, POLLIN, 0}, {b_, POLLIN, 0}};
    if (ppoll(ready, 3, &limit, nullptr) < 0 && errno != EINTR) fail("poll");
    if (ready[0].revents != 0 && !read_input()) return;
    const Nanos now = clock_now();
    apply_steps(now);
    if (ready[1].revents != 0) take(a_, now);
    if (ready[2].revents != 0) take(b_, now);
    serve(now);
    deliver(to_b_, b_, now);
    deliver(to_a_, a_, now);
    log_.turn(now);
  }
}

void set(Settings& settings, const std::string& word) {
  const std::size_t equals = word.find('=');
  const std::string key = word.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
  const long long number = std::atoll(value.c_str());
  if (key == "rate") {
    settings.rate = number;
  } else if (key == "buffer") {
    settings.buffer = number;
  } else if (key == "delay_us") {
    settings.delay = number * 1'000;
  } else if (key == "jitter_us") {
    settings.jitter = number * 1'000;
  } else if (key == "loss") {
    settings.loss = static_cast<std::uint32_t>(number);
  } else if (key == "seed") {
    settings.seed = static_cast<std::uint64_t>(number);
  } else if (key == "step" && value.find(':') != std::string::npos) {
    settings.steps.push_back(
        {number * kMillisecond, std::atoll(value.c_str() + value.find(':') + 1)});
  } else {
    std::fprintf(stderr, "link_emulator: what is %s?\n", word.c_str());
    std::exit(2);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: link_emulator NS_A DEV_A NS_B DEV_B [key=value ...]\n");
    return 2;
  }
  Settings settings;
  for (int i = 5; i < argc; ++i) set(settings, argv[i]);
  const int a = open_tun(argv[1], argv[2]);
  const int b = open_tun(argv[3], argv[4]);
  // Late packets would be queue that is not there. Without the right to it, it runs as others do.
  const sched_param priority{10};
  static_cast<void>(sched_setscheduler(0, SCHED_FIFO, &priority));
  prctl(PR_SET_TIMERSLACK, 1'000);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  Emulator(settings, a, b).run();
  return 0;
}
