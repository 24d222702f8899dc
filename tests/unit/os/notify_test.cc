// SPDX-License-Identifier: Apache-2.0
#include "os/notify.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "os/notify_socket.h"
#include "tests/support/temporary_directory.h"

using namespace covfefe;
using test::TemporaryDirectory;

TEST_CASE("the supervisor hears ready, status and watchdog") {
  TemporaryDirectory dir;
  auto supervisor = os::bind_datagram(dir / "notify");
  REQUIRE(supervisor.ok());
  ::setenv("NOTIFY_SOCKET", (dir / "notify").c_str(), 1);
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  auto notifier = os::Notifier::from_environment();
  ::unsetenv("WATCHDOG_USEC");
  REQUIRE(notifier.ok());
  CHECK(::getenv("NOTIFY_SOCKET") == nullptr);
  CHECK(notifier->watchdog_interval() == Duration::seconds(2));
  notifier->ready();
  notifier->status("two\nlines");
  notifier->alive();
  CHECK(os::receive_datagram(*supervisor) == "READY=1");
  CHECK(os::receive_datagram(*supervisor) == "STATUS=two lines");
  CHECK(os::receive_datagram(*supervisor) == "WATCHDOG=1");
  CHECK_FALSE(os::receive_datagram(*supervisor).has_value());
}

TEST_CASE("the supervisor is reached through an inherited socket that is not connected") {
  TemporaryDirectory dir;
  auto supervisor = os::bind_datagram(dir / "notify");
  auto own = os::bind_datagram(dir / "own");
  REQUIRE(supervisor.ok());
  REQUIRE(own.ok());
  ::setenv("NOTIFY_SOCKET", (dir / "notify").c_str(), 1);
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  auto notifier = os::Notifier::through(std::move(*own));
  ::unsetenv("WATCHDOG_USEC");
  REQUIRE(notifier.ok());
  CHECK(::getenv("NOTIFY_SOCKET") == nullptr);
  CHECK(notifier->watchdog_interval() == Duration::seconds(2));
  sockaddr_un to{};
  socklen_t length = sizeof to;
  CHECK(::getpeername(notifier->fd().number(), reinterpret_cast<sockaddr*>(&to), &length) != 0);
  notifier->ready();
  notifier->alive();
  CHECK(os::receive_datagram(*supervisor) == "READY=1");
  CHECK(os::receive_datagram(*supervisor) == "WATCHDOG=1");
}

TEST_CASE("an inherited socket is not needed without a supervisor, and a wrong name is an error") {
  TemporaryDirectory dir;
  ::unsetenv("NOTIFY_SOCKET");
  auto silent = os::Notifier::through(*os::bind_datagram(dir / "own"));
  REQUIRE(silent.ok());
  CHECK_FALSE(silent->fd().valid());
  ::setenv("NOTIFY_SOCKET", "relative", 1);
  CHECK(os::Notifier::through(*os::bind_datagram(dir / "own")).error().number == EINVAL);
  ::unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("an abstract notify socket is found") {
  os::Fd supervisor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::string name = "covfefe-test-" + std::to_string(::getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), address.sun_path + 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  REQUIRE(::bind(supervisor.number(), reinterpret_cast<sockaddr*>(&address), length) == 0);
  ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  auto notifier = os::Notifier::from_environment();
  REQUIRE(notifier.ok());
  notifier->stopping();
  CHECK(os::receive_datagram(supervisor) == "STOPPING=1");
}

TEST_CASE("without a supervisor notifying does nothing, and a wrong variable is an error") {
  ::unsetenv("NOTIFY_SOCKET");
  auto silent = os::Notifier::from_environment();
  REQUIRE(silent.ok());
  CHECK_FALSE(silent->fd().valid());
  silent->ready();
  CHECK(silent->watchdog_interval() == Duration{});
  ::setenv("NOTIFY_SOCKET", "relative", 1);
  CHECK(os::Notifier::from_environment().error().number == EINVAL);
  ::unsetenv("NOTIFY_SOCKET");
}
