// SPDX-License-Identifier: Apache-2.0
// What only the tun-helper and its router use: the hand-over message and poll(2).
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <vector>

#include "os/clock.h"
#include "os/eventfd.h"
#include "os/fdpass.h"
#include "os/poll.h"
#include "os/tun_handover.h"

using namespace covfefe;

namespace {

struct Pair {
  os::Fd a;
  os::Fd b;
};

Pair seqpacket_pair() {
  int numbers[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, numbers) == 0);
  return {os::Fd(numbers[0]), os::Fd(numbers[1])};
}

std::vector<std::uint8_t> message() {
  std::vector<std::uint8_t> bytes(os::kTunHandoverBytes);
  Writer out(bytes);
  out.bytes(bytes_of("cvtunfd1"));
  out.le<std::uint32_t>(1);
  out.le<std::uint32_t>(1'280);
  out.bytes(bytes_of("covfefe0"));
  return bytes;
}

int error_of(ByteView bytes) {
  Pair pair = seqpacket_pair();
  REQUIRE(os::send_fds(pair.a, std::array<int, 1>{pair.a.number()}, bytes).ok());
  auto got = os::receive_tun(pair.b);
  return got ? 0 : got.error().number;
}

}  // namespace

TEST_CASE("the hand-over carries descriptor, name and MTU in exactly the stated bytes") {
  Pair pair = seqpacket_pair();
  REQUIRE(os::hand_over_tun(pair.a, pair.a, "covfefe0", 1'280).ok());
  auto raw = os::receive_fds(pair.b, {.fds = 1, .bytes = os::kTunHandoverBytes});
  REQUIRE(raw.ok());
  CHECK(raw->payload == message());
  REQUIRE(os::hand_over_tun(pair.a, pair.a, "a-name-of-15-by", 1'400).ok());
  auto got = os::receive_tun(pair.b);
  REQUIRE(got.ok());
  CHECK(got->name == "a-name-of-15-by");
  CHECK(got->mtu == 1'400);
  CHECK(got->tun.valid());
}

TEST_CASE("a hand-over with any other byte is refused") {
  CHECK(error_of(message()) == 0);
  for (const std::size_t at : {0UL, 7UL, 8UL, 11UL, 31UL}) {
    std::vector<std::uint8_t> bytes = message();
    bytes[at] ^= 1;
    CHECK(error_of(bytes) == EPROTO);
  }
  std::vector<std::uint8_t> nameless = message();
  nameless[16] = 0;
  CHECK(error_of(nameless) == EPROTO);
  std::vector<std::uint8_t> endless = message();
  std::fill(endless.begin() + 16, endless.end(), 'x');
  CHECK(error_of(endless) == EPROTO);
  std::vector<std::uint8_t> shorter = message();
  shorter.pop_back();
  CHECK(error_of(shorter) == EPROTO);
}

TEST_CASE("a name that does not fit is not handed over") {
  Pair pair = seqpacket_pair();
  CHECK(os::hand_over_tun(pair.a, pair.a, "sixteen-letters-", 1'280).error().number == EINVAL);
  CHECK(os::hand_over_tun(pair.a, pair.a, "", 1'280).error().number == EINVAL);
}

TEST_CASE("waiting for a hang-up is not woken by what the other side says") {
  Pair pair = seqpacket_pair();
  REQUIRE(os::send_fds(pair.b, {}, bytes_of("noise")).ok());
  std::array<os::Waited, 1> hang_up{{{&pair.a, os::WaitFor::HangUp}}};
  REQUIRE(os::wait(hang_up, os::monotonic_now() + Duration::millis(5)).ok());
  CHECK_FALSE(hang_up[0].happened);
  std::array<os::Waited, 1> words{{{&pair.a, os::WaitFor::Readable}}};
  REQUIRE(os::wait(words, Instant::never()).ok());
  CHECK(words[0].happened);
  pair.b.reset();
  REQUIRE(os::wait(hang_up, Instant::never()).ok());
  CHECK(hang_up[0].happened);
}

TEST_CASE("waiting ends at its time and never before") {
  auto event = os::EventFd::create();
  REQUIRE(event.ok());
  const os::Fd none;
  std::array<os::Waited, 2> all{{{&event->fd()}, {&none}}};
  const Instant until = os::monotonic_now() + Duration::micros(1'500);
  REQUIRE(os::wait(all, until).ok());
  CHECK(os::monotonic_now() >= until);
  CHECK_FALSE(all[0].happened);
  event->signal();
  REQUIRE(os::wait(all, Instant::never()).ok());
  CHECK(all[0].happened);
  CHECK_FALSE(all[1].happened);
  std::vector<os::Waited> too_many(9);
  CHECK(os::wait(too_many, until).error().number == EINVAL);
}
