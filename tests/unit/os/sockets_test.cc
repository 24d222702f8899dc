// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "os/fdpass.h"
#include "os/listen.h"
#include "tests/support/temporary_directory.h"

using namespace covfefe;
using test::TemporaryDirectory;

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

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

int error_of(const os::Fd& socket, os::MessageShape shape) {
  auto got = os::receive_fds(socket, shape);
  return got ? 0 : got.error().number;
}

// Runs in a child, since descriptors 3… are this process's own.
int in_child(int (*body)()) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int inherit_two() {
  const int any = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (::dup2(any, 3) != 3 || ::dup2(any, 4) != 4) return 10;
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", "2", 1);
  ::setenv("LISTEN_FDNAMES", "router.tun:wire.control", 1);
  auto inherited = os::InheritedFds::from_environment();
  if (!inherited) return 11;
  if (inherited->take("router.shaper").ok()) return 12;
  auto wire = inherited->take("wire.control");
  if (!wire || wire->number() != 4) return 13;
  if (inherited->take("wire.control").ok()) return 14;
  if ((::fcntl(4, F_GETFD) & FD_CLOEXEC) == 0 || (::fcntl(4, F_GETFL) & O_NONBLOCK) == 0) return 15;
  return ::getenv("LISTEN_FDS") == nullptr && !inherited->empty() ? 0 : 16;
}

int inherit_for_another() {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_FDNAMES", "x", 1);
  auto inherited = os::InheritedFds::from_environment();
  return inherited.ok() && inherited->empty() ? 0 : 1;
}

int inherit_file() {
  const int null = ::open("/dev/null", O_RDONLY);
  if (::dup2(null, 3) != 3) return 10;
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_FDNAMES", "router.tun", 1);
  const auto inherited = os::InheritedFds::from_environment();
  return inherited.ok() ? 11 : inherited.error().number;
}

int inherit_error(const char* count, const char* names) {
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", count, 1);
  ::setenv("LISTEN_FDNAMES", names, 1);
  auto inherited = os::InheritedFds::from_environment();
  return inherited.ok() ? 0 : inherited.error().number;
}

}  // namespace

TEST_CASE("one message carries exactly the stated descriptors and bytes") {
  Pair pair = seqpacket_pair();
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  os::Fd reader(pipe[0]);
  os::Fd writer(pipe[1]);
  const std::array<int, 2> fds{reader.number(), writer.number()};
  REQUIRE(os::send_fds(pair.a, fds, bytes_of("hello")).ok());
  auto got = os::receive_fds(pair.b, {.fds = 2, .bytes = 5});
  REQUIRE(got.ok());
  CHECK(text_of(got->payload) == "hello");
  CHECK((::fcntl(got->fds[0].number(), F_GETFD) & FD_CLOEXEC) != 0);
  REQUIRE(os::write_all(got->fds[1], bytes_of("z"), "pipe").ok());
  char byte = 0;
  CHECK(::read(reader.number(), &byte, 1) == 1);
}

TEST_CASE("another shape is refused and leaks no descriptor") {
  Pair pair = seqpacket_pair();
  const std::array<int, 2> two{pair.a.number(), pair.b.number()};
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 5; ++i) REQUIRE(os::send_fds(pair.a, two, bytes_of("hello")).ok());
  CHECK(error_of(pair.b, {.fds = 1, .bytes = 5}) == EPROTO);
  CHECK(error_of(pair.b, {.fds = 3, .bytes = 5}) == EPROTO);
  CHECK(error_of(pair.b, {.fds = 2, .bytes = 4}) == EPROTO);  // MSG_TRUNC
  CHECK(error_of(pair.b, {.fds = 2, .bytes = 6}) == EPROTO);
  CHECK(error_of(pair.b, {.fds = 0, .bytes = 5}) == EPROTO);
  CHECK(open_descriptors() == before);
}

TEST_CASE("more descriptors than any message of ours holds are a truncation, and all are closed") {
  Pair pair = seqpacket_pair();
  constexpr std::size_t kMany = os::kMaxPassedFds + 4;
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int) * kMany)> control{};
  char byte = 'x';
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * kMany);
  std::array<int, kMany> many;
  many.fill(pair.a.number());
  std::memcpy(CMSG_DATA(header), many.data(), sizeof many);
  REQUIRE(::sendmsg(pair.a.number(), &message, 0) == 1);
  const std::size_t before = open_descriptors();
  CHECK(error_of(pair.b, {.fds = os::kMaxPassedFds, .bytes = 1}) == EPROTO);
  CHECK(open_descriptors() == before);
}

TEST_CASE("nothing there, a hang-up and a send to nobody are told apart") {
  Pair pair = seqpacket_pair();
  CHECK(error_of(pair.b, {.fds = 1, .bytes = 1}) == EAGAIN);
  pair.a.reset();
  CHECK(error_of(pair.b, {.fds = 1, .bytes = 1}) == EPIPE);
  CHECK(os::send_fds(pair.b, {}, bytes_of("x")).error().number == EPIPE);
}

TEST_CASE("a message without bytes or beyond the bounds is not sent") {
  Pair pair = seqpacket_pair();
  std::array<int, os::kMaxPassedFds + 1> many;
  many.fill(pair.a.number());
  CHECK(os::send_fds(pair.a, many, bytes_of("x")).error().number == EINVAL);
  CHECK(os::send_fds(pair.a, {}, {}).error().number == EINVAL);
  CHECK(error_of(pair.b, {.fds = 1, .bytes = os::kMaxPassedBytes + 1}) == EINVAL);
}

TEST_CASE("unix sockets listen, connect and accept without blocking") {
  TemporaryDirectory dir;
  const std::string path = dir / "s.sock";
  auto listener =
      os::listen_unix({.path = path, .kind = os::UnixKind::SeqPacket, .traits = {.mode = 0640}});
  REQUIRE(listener.ok());
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
  CHECK(os::accept_unix(*listener).error().number == EAGAIN);
  auto client = os::connect_unix(path, os::UnixKind::SeqPacket);
  REQUIRE(client.ok());
  auto server = os::accept_unix(*listener);
  REQUIRE(server.ok());
  REQUIRE(os::send_fds(*client, {}, bytes_of("x")).ok());
  CHECK(os::receive_fds(*server, {.fds = 0, .bytes = 1}).ok());
  CHECK(os::connect_unix(path, os::UnixKind::Stream).error().number == EPROTOTYPE);
}

TEST_CASE("a stale socket file is replaced, anything else is left alone") {
  TemporaryDirectory dir;
  const std::string path = dir / "s.sock";
  { REQUIRE(os::listen_unix({.path = path}).ok()); }
  CHECK(os::connect_unix(path, os::UnixKind::Stream).error().number == ECONNREFUSED);
  auto again = os::listen_unix({.path = path});
  REQUIRE(again.ok());
  CHECK(os::connect_unix(path, os::UnixKind::Stream).ok());
  dir.write("file", "precious");
  CHECK(os::listen_unix({.path = dir / "file"}).error().number == EEXIST);
  CHECK(std::filesystem::file_size(dir / "file") == 8);
}

TEST_CASE("a socket path of 107 bytes works and of 108 is refused") {
  TemporaryDirectory dir;
  const std::string stem = dir / "";
  const std::string fits = stem + std::string(107 - stem.size(), 'p');
  CHECK(os::listen_unix({.path = fits}).ok());
  CHECK(os::listen_unix({.path = fits + "p"}).error().number == ENAMETOOLONG);
  CHECK(os::connect_unix(fits + "p", os::UnixKind::Stream).error().number == ENAMETOOLONG);
}

TEST_CASE("inherited sockets are taken by name, once, and the variables are gone") {
  CHECK(in_child(inherit_two) == 0);
}

TEST_CASE("a file in the place of an inherited socket is refused") {
  CHECK(in_child(inherit_file) == ENOTSOCK);
}

TEST_CASE("sockets meant for another process are not ours") {
  CHECK(in_child(inherit_for_another) == 0);
}

TEST_CASE("contradicting inheritance is refused") {
  CHECK(in_child([] { return inherit_error("2", "one"); }) == EPROTO);
  CHECK(in_child([] { return inherit_error("-1", ""); }) == EPROTO);
  CHECK(in_child([] { return inherit_error("9999", "x"); }) == EPROTO);
  CHECK(in_child([] { return inherit_error("1x", "x"); }) == EPROTO);
  CHECK(in_child([] {
          ::close(3);
          return inherit_error("1", "closed");
        }) == EBADF);
}
