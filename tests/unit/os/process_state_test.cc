// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <thread>

#include "os/clock.h"
#include "os/eventfd.h"
#include "os/jail_state.h"
#include "os/log_sink.h"
#include "os/mailbox.h"
#include "os/memory.h"
#include "os/signals.h"
#include "os/users.h"

using namespace covfefe;

namespace {

bool readable(const os::Fd& fd, int milliseconds = 0) {
  pollfd one{fd.number(), POLLIN, 0};
  return ::poll(&one, 1, milliseconds) == 1;
}

int in_child(int (*body)()) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

template <typename T>
std::unique_ptr<os::Mailbox<T>> mailbox(std::size_t capacity) {
  auto made = os::Mailbox<T>::create(capacity);
  REQUIRE(made.ok());
  return std::move(*made);
}

constexpr const char* kStatus =
    "Name:\tUid:\t9\nUmask:\t0022\nPid:\t4711\nUid:\t1\t63631\t3\t4\nGid:\t5\t63632\t7\t8\n"
    "CapEff:\t0000000000001000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";

}  // namespace

TEST_CASE("values pass a mailbox in order and only the first of a batch wakes") {
  auto box = mailbox<int>(8);
  CHECK_FALSE(readable(box->wake_fd()));
  for (int i = 0; i < 3; ++i) CHECK(box->push(i) == os::Posted::Queued);
  CHECK(readable(box->wake_fd()));
  CHECK(box->depth() == 3);
  std::vector<int> got;
  CHECK(box->drain([&](int value) { got.push_back(value); }) == 3);
  CHECK(got == std::vector<int>{0, 1, 2});
  CHECK_FALSE(readable(box->wake_fd()));
}

TEST_CASE("a full mailbox drops the newest value and counts it") {
  auto box = mailbox<int>(2);
  CHECK(box->push(1) == os::Posted::Queued);
  CHECK(box->push(2) == os::Posted::Queued);
  CHECK(box->push(3) == os::Posted::Dropped);
  CHECK(box->dropped() == 1);
  std::vector<int> got;
  box->drain([&](int value) { got.push_back(value); });
  CHECK(got == std::vector<int>{1, 2});
  CHECK(box->push(4) == os::Posted::Queued);
}

TEST_CASE("what a bounded drain leaves makes the mailbox readable again") {
  auto box = mailbox<int>(8);
  for (int i = 0; i < 5; ++i) CHECK(box->push(i) == os::Posted::Queued);
  CHECK(box->drain([](int) {}, 2) == 2);
  CHECK(readable(box->wake_fd()));
  CHECK(box->drain([](int) {}) == 3);
  CHECK_FALSE(readable(box->wake_fd()));
}

TEST_CASE("a value pushed from inside a drain is not lost") {
  auto box = mailbox<int>(4);
  CHECK(box->push(1) == os::Posted::Queued);
  std::vector<int> got;
  box->drain([&](int value) {
    got.push_back(value);
    if (value < 3) CHECK(box->push(value + 1) == os::Posted::Queued);
  });
  CHECK(got == std::vector<int>{1, 2, 3});
}

TEST_CASE("move-only values pass, and what is never taken is destroyed with the mailbox") {
  struct Counted {
    explicit Counted(int& c) : count(&c) { ++c; }
    Counted(Counted&& o) noexcept : count(std::exchange(o.count, nullptr)) {}
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
      if (count != nullptr) --*count;
    }
    int* count;
  };
  int alive = 0;
  {
    auto box = mailbox<Counted>(2);
    CHECK(box->push(Counted(alive)) == os::Posted::Queued);
    box->drain([](const Counted&) {});
    CHECK(alive == 0);
    CHECK(box->push(Counted(alive)) == os::Posted::Queued);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("across two threads every value is either received in order or counted as dropped") {
  constexpr int kValues = 300'000;
  auto box = mailbox<int>(64);
  std::thread producer([&box] {
    for (int i = 0; i < kValues; ++i) (void)box->push(i);
    while (box->push(-1) == os::Posted::Dropped) std::this_thread::yield();
  });
  std::uint64_t received = 0;
  int last = -1;
  bool ordered = true;
  bool stopped = false;
  while (!stopped) {
    // A lost wake-up would show as this wait running into its limit.
    REQUIRE(readable(box->wake_fd(), 20'000));
    box->drain([&](int value) {
      stopped = stopped || value == -1;
      if (value == -1) return;
      ordered = ordered && value > last;
      last = value;
      ++received;
    });
  }
  producer.join();
  CHECK(ordered);
  // The repeated stop messages that did not fit are counted too.
  CHECK(received + box->dropped() >= kValues);
  CHECK(received > 0);
}

TEST_CASE("an event stays readable until drained, however often it was signalled") {
  auto event = os::EventFd::create();
  REQUIRE(event.ok());
  CHECK_FALSE(readable(event->fd()));
  event->signal();
  event->signal();
  CHECK(readable(event->fd()));
  event->drain();
  CHECK_FALSE(readable(event->fd()));
}

TEST_CASE("a timer fires at its instant and not before, at once for the past, never for never") {
  auto timer = os::TimerFd::create();
  REQUIRE(timer.ok());
  const Instant due = os::monotonic_now() + Duration::millis(20);
  timer->arm(due);
  CHECK(readable(timer->fd(), 5'000));
  CHECK(os::monotonic_now() >= due);
  timer->drain();
  CHECK_FALSE(readable(timer->fd()));
  timer->arm(Instant{0});
  CHECK(readable(timer->fd(), 5'000));
  timer->arm(Instant::never());
  CHECK_FALSE(readable(timer->fd()));
}

TEST_CASE("a timer armed for the same instant again after it fired fires again") {
  auto timer = os::TimerFd::create();
  REQUIRE(timer.ok());
  timer->arm(Instant{1});
  CHECK(readable(timer->fd(), 5'000));
  timer->drain();
  timer->arm(Instant{1});
  CHECK(readable(timer->fd(), 5'000));
}

TEST_CASE("the monotonic clock does not go back and the wall clock is past 2024") {
  const Instant first = os::monotonic_now();
  CHECK(os::monotonic_now() >= first);
  CHECK(os::wall_now().unix_seconds() > 1'704'067'200);
}

TEST_CASE("the jail is read from the kernel's own text, whatever the process calls itself") {
  const auto state = os::parse_process_status(kStatus);
  REQUIRE(state.has_value());
  CHECK(state->pid == 4'711);
  CHECK(state->uid == 63'631);
  CHECK(state->gid == 63'632);
  CHECK(state->capabilities == 1ULL << 12);
  CHECK(state->no_new_privs);
  CHECK(state->seccomp == 2);
}

TEST_CASE("a status text that lacks a field or has a wrong number is refused") {
  const std::string whole = kStatus;
  for (const char* key : {"\nPid:", "\nUid:", "\nGid:", "CapEff:", "NoNewPrivs:", "Seccomp:"}) {
    std::string text = whole;
    text.replace(text.find(key) + 1, 2, "??");
    CHECK_FALSE(os::parse_process_status(text).has_value());
  }
  std::string text = whole;
  text.replace(text.find("63631"), 5, "6x631");
  CHECK_FALSE(os::parse_process_status(text).has_value());
  CHECK_FALSE(os::parse_process_status("").has_value());
}

TEST_CASE("the probe opened before sees what changed later") {
  CHECK(in_child([] {
          auto probe = os::JailProbe::open();
          if (!probe) return 1;
          auto before = probe->read();
          if (!before || before->no_new_privs || before->uid != ::geteuid() ||
              before->pid != ::getpid())
            return 2;
          ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          if (!os::become_undumpable()) return 3;
          auto after = probe->read();
          return after && after->no_new_privs && !after->dumpable ? 0 : 4;
        }) == 0);
}

TEST_CASE("limits are lowered for good and memory is locked") {
  CHECK(in_child([] {
          if (!os::forbid_core_dumps() || !os::lower_open_files(64)) return 1;
          rlimit limit{};
          ::getrlimit(RLIMIT_CORE, &limit);
          if (limit.rlim_cur != 0 || limit.rlim_max != 0) return 2;
          ::getrlimit(RLIMIT_NOFILE, &limit);
          if (limit.rlim_cur != 64 || limit.rlim_max != 64) return 3;
          std::array<std::uint8_t, 64> page{};
          return os::lock_memory(page).ok() ? 0 : 4;
        }) == 0);
}

TEST_CASE("a blocked signal is read from its descriptor") {
  CHECK(in_child([] {
          auto signals = os::watch_signals({SIGTERM, SIGINT});
          if (!signals || os::read_signal(*signals)) return 1;
          ::raise(SIGTERM);
          if (os::read_signal(*signals) != SIGTERM) return 2;
          return os::read_signal(*signals) ? 3 : 0;
        }) == 0);
}

TEST_CASE("writing to a closed pipe is an error and not the end") {
  CHECK(in_child([] {
          int numbers[2];
          if (!os::ignore_broken_pipes() || ::pipe(numbers) != 0) return 1;
          ::close(numbers[0]);
          return ::write(numbers[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2;
        }) == 0);
}

TEST_CASE("a log record is one line with its priority and service, cut where it is too long") {
  int numbers[2];
  REQUIRE(::pipe(numbers) == 0);
  const os::Fd reader(numbers[0]);
  const os::Fd saved(::dup(STDERR_FILENO));
  ::dup2(numbers[1], STDERR_FILENO);
  ::close(numbers[1]);
  os::StderrLog log("covfefe-test", Level::Notice);
  log.record(Level::Warning, "friend-refused", {{"name", "a b"}, {"count", "3"}});
  log.record(Level::Info, "not wanted");
  log.write(Level::Error, std::string(5'000, 'x'));
  ::dup2(saved.number(), STDERR_FILENO);
  std::array<char, 4'096> text{};
  const ssize_t n = ::read(reader.number(), text.data(), text.size());
  REQUIRE(n > 0);
  const std::string_view all(text.data(), static_cast<std::size_t>(n));
  const std::string_view first = "<4>covfefe-test friend-refused name=\"a b\" count=3\n";
  REQUIRE(all.starts_with(first));
  const std::string_view second = all.substr(first.size());
  CHECK(second.starts_with("<3>covfefe-test xxx"));
  CHECK(second.size() == 2'048);
  CHECK(second.back() == '\n');
}

TEST_CASE("a log that nobody reads holds nobody up, and others who write there wait as before") {
  CHECK(in_child([] {
          int numbers[2];
          if (::pipe(numbers) != 0 || ::dup2(numbers[1], STDERR_FILENO) < 0) return 1;
          os::never_wait_for_log();
          os::StderrLog log("covfefe-test", Level::Notice);
          ::alarm(20);
          for (int line = 0; line < 2'000; ++line) log.write(Level::Error, std::string(100, 'x'));
          const bool others_wait = (::fcntl(numbers[1], F_GETFL) & O_NONBLOCK) == 0;
          return others_wait ? 0 : 2;
        }) == 0);
  CHECK(in_child([] {
          int numbers[2];
          if (::socketpair(AF_UNIX, SOCK_STREAM, 0, numbers) != 0) return 1;
          if (::dup2(numbers[1], STDERR_FILENO) < 0) return 1;
          os::never_wait_for_log();
          os::StderrLog log("covfefe-test", Level::Notice);
          ::alarm(20);
          for (int line = 0; line < 10'000; ++line) log.write(Level::Error, std::string(100, 'x'));
          return 0;
        }) == 0);
}

TEST_CASE("users are found by name, and an absent one is ENOENT or the reserved numbers") {
  auto root = os::user_by_name("root");
  REQUIRE(root.ok());
  CHECK(*root == os::Owner{0, 0});
  CHECK(os::user_by_name("covfefe-nobody-of-that-name").error().number == ENOENT);
  const os::Owner reserved{63'631, 63'631};
  CHECK(*os::user_or_reserved("covfefe-nobody-of-that-name", reserved) == reserved);
  CHECK(*os::user_or_reserved("root", reserved) == os::Owner{0, 0});
}

TEST_CASE("a service without a user of its own has its reserved numbers, but not in the system") {
  // On a machine with the package installed these users exist and have other numbers.
  if (os::user_by_name("covfefe-peerdb").ok()) return;
  CHECK(*os::service_user("peerdb", os::RootTree::Other) == os::Owner{63'633, 63'633});
  CHECK(os::service_user("peerdb", os::RootTree::System).error().number == ENOENT);
  CHECK(*os::service_user("tun-helper", os::RootTree::System) == os::Owner{0, 0});
  CHECK(os::service_user("sshd", os::RootTree::Other).error().number == EINVAL);
}
