// SPDX-License-Identifier: Apache-2.0
#include "rpc/serve.h"

#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "rpc/client.h"
#include "tests/rpc/echo_support.h"
#include "tests/support/sanitized.h"

using namespace covfefe;
using namespace covfefe::rpc;

namespace {

struct Directory {
  std::string path;
  Directory() {
    char name[] = "/tmp/covfefe-rpc-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Directory() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string socket() const { return path + "/edge.sock"; }
};

int listening(const std::string& path) {
  ::unlink(path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(::listen(fd, 8) == 0);
  return fd;
}

struct Calling final : EdgeHandler {
  // Calls the peer of each new connection and stops the loop after so many answers.
  Service& service;
  int answers_wanted;
  int answers = 0;
  int connections = 0;
  int ends = 0;
  Calling(Service& owner, int wanted) : service(owner), answers_wanted(wanted) {}

  void connected(capnp::Capability::Client peer) override {
    ++connections;
    service.run_beside(
        peer.castAs<schema::ShaperForRouter>().statusRequest().send().then([this](auto&& reply) {
          if (reply.getStatus().getSentDatagrams() == 42) ++answers;
          if (answers == answers_wanted) service.stop();
        }));
  }
  void gone() override { ++ends; }
};

std::unique_ptr<Service> made() {
  auto service = Service::make();
  REQUIRE(service.ok());
  return std::move(*service);
}

}  // namespace

TEST_CASE("an edge connects, is called from the accepting side, and counts") {
  const Directory directory;
  const auto service = made();
  CallCount calls;
  Exports exports([&] { return kj::heap<PaperShaper>(calls); });
  Calling calling(*service, 1);
  service->listen({.name = "router.shaper", .connections = 1, .overflow = Overflow::DropOldest},
                  listening(directory.socket()), calling);
  service->connect({.name = "router.shaper.out"}, directory.socket(), exports);
  CHECK(service->run().ok());
  CHECK(calling.answers == 1);
  CHECK(calls.calls == 1);
  CHECK(service->count("router.shaper").accepted == 1);
  CHECK(service->count("router.shaper").refused == 0);
}

TEST_CASE("a connector waits for a socket that is not there yet") {
  const Directory directory;
  const auto service = made();
  CallCount calls;
  Exports exports([&] { return kj::heap<PaperShaper>(calls); });
  Calling calling(*service, 1);
  service->connect({.name = "out"}, directory.socket(), exports);
  service->run_beside(service->timer().afterDelay(50 * kj::MILLISECONDS).then([&] {
    service->listen({.name = "in"}, listening(directory.socket()), calling);
  }));
  CHECK(service->run().ok());
  CHECK(calling.answers == 1);
}

TEST_CASE("on a service edge the newest connection takes over and the older one is told gone") {
  const Directory directory;
  const auto service = made();
  CallCount calls;
  Exports exports([&] { return kj::heap<PaperShaper>(calls); });
  Calling calling(*service, 2);
  service->listen({.name = "in", .connections = 1, .overflow = Overflow::DropOldest},
                  listening(directory.socket()), calling);
  service->connect({.name = "first"}, directory.socket(), exports);
  service->run_beside(service->timer().afterDelay(30 * kj::MILLISECONDS).then([&] {
    service->connect({.name = "second"}, directory.socket(), exports);
  }));
  CHECK(service->run().ok());
  CHECK(calling.answers == 2);
  CHECK(calling.ends >= 1);
  CHECK(service->count("in").refused >= 1);
}

TEST_CASE("on an operator edge whoever comes after the limit is closed") {
  const Directory directory;
  CallCount calls;
  Exports exports([&] { return kj::heap<PaperShaper>(calls); });
  const int fd = listening(directory.socket());
  Service* running = nullptr;
  const int ready = ::eventfd(0, 0);
  const int stop = ::eventfd(0, 0);
  std::uint64_t refused = 0;
  std::thread server([&] {
    const auto service = made();
    running = service.get();
    service->listen({.name = "operator", .connections = 1}, fd, exports);
    bool first = true;
    service->on_readable(stop, [&] {
      if (!first) service->stop();
      first = false;
    });
    ::eventfd_write(ready, 1);
    CHECK(service->run().ok());
    refused = service->count("operator").refused;
  });
  eventfd_t value = 0;
  ::eventfd_read(ready, &value);
  {
    auto client = Client::connect(directory.socket(), Duration::seconds(5));
    REQUIRE(client.ok());
    auto answer = (*client)->call((*client)->as<schema::ShaperForRouter>().statusRequest(),
                                  Duration::seconds(5));
    REQUIRE(answer.ok());
    CHECK(answer->getStatus().getSentDatagrams() == 42);
    std::thread another([&] {
      auto second = Client::connect(directory.socket(), Duration::seconds(5));
      REQUIRE(second.ok());
      auto refusal = (*second)->call((*second)->as<schema::ShaperForRouter>().statusRequest(),
                                     Duration::seconds(5));
      CHECK_FALSE(refusal.ok());
    });
    another.join();
  }
  ::eventfd_write(stop, 1);
  server.join();
  CHECK(refused == 1);
  ::close(ready);
  ::close(stop);
}

TEST_CASE("a call that is not answered in time fails as timed out") {
  const Directory directory;
  CallCount calls;
  const int fd = listening(directory.socket());
  const int stop = ::eventfd(0, 0);
  std::thread server([&] {
    const auto service = made();
    Exports exports([&] { return kj::heap<SilentShaper>(calls); });
    service->listen({.name = "operator"}, fd, exports);
    bool first = true;
    service->on_readable(stop, [&] {
      if (!first) service->stop();
      first = false;
    });
    CHECK(service->run().ok());
  });
  {
    auto client = Client::connect(directory.socket(), Duration::seconds(5));
    REQUIRE(client.ok());
    const auto answer = (*client)->call((*client)->as<schema::ShaperForRouter>().statusRequest(),
                                        Duration::millis(20));
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().kind == CallFailure::TimedOut);
  }
  ::eventfd_write(stop, 1);
  server.join();
  ::close(stop);
}

TEST_CASE("connecting to a socket that does not exist fails with a reason") {
  const Directory directory;
  const auto client = Client::connect(directory.socket(), Duration::seconds(1));
  REQUIRE_FALSE(client.ok());
  CHECK_FALSE(client.error().text.empty());
}

namespace {

// While it lives, this process can open nothing more.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int first_free = ::dup(STDIN_FILENO);
    ::close(first_free);
    const rlimit none{static_cast<rlim_t>(first_free), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

int caller_of(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  return fd;
}

}  // namespace

// UBSan looks at objects through a pipe of its own, and takes them for broken when it gets none.
TEST_CASE("who called while there were no descriptors is served when there are some" *
          doctest::skip(tests::kSanitized)) {
  const Directory directory;
  const auto service = made();
  CallCount calls;
  Exports exports([&] { return kj::heap<PaperShaper>(calls); });
  const int listener = listening(directory.socket());
  const int callers[] = {caller_of(directory.socket()), caller_of(directory.socket())};
  auto none = std::make_unique<NoDescriptors>();
  service->listen({.name = "paper.operator"}, listener, exports);
  int ticks = 0;
  service->every(Duration::millis(10), [&] {
    if (++ticks == 10) none.reset();
    if (service->count("paper.operator").accepted == 2 || ticks == 500) service->stop();
  });
  CHECK(service->run().ok());
  CHECK(ticks >= 10);
  CHECK(service->count("paper.operator").accepted == 2);
  CHECK(service->failed_tasks() == 0);
  for (const int caller : callers) ::close(caller);
}

TEST_CASE("a ticking service ticks and a failing task is only counted") {
  const auto service = made();
  int ticks = 0;
  service->run_beside(to_exception(CallFailure::Broken, "on purpose"));
  service->every(Duration::millis(1), [&] {
    if (++ticks == 3) service->stop();
  });
  CHECK(service->run().ok());
  CHECK(ticks == 3);
  CHECK(service->failed_tasks() == 1);
}
