// SPDX-License-Identifier: Apache-2.0
// A service's real program in its jail, with unlisted calls deadly, below a directory of its own.
// The test plays the supervisor, the operator and the router. Needs root.
#pragma once

#include <doctest/doctest.h>
#include <kj/async-io.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <utility>

#include "os/listen.h"
#include "os/process.h"
#include "os/users.h"
#include "rpc/endpoint.h"
#include "tests/support/temporary_directory.h"

namespace covfefe::test {

struct Place {
  std::string service;
  TemporaryDirectory root;
  os::Owner user;

  explicit Place(const std::string& name)
      : service(name), user(*os::service_user(name, os::RootTree::Other)) {
    std::filesystem::permissions(root.text(), std::filesystem::perms{0755});
    root.write("etc/covfefenet.yaml", "name: alice\nstorage: {require_luks: no}\n");
    std::filesystem::create_directories(root / "etc/covfefe/credentials");
    std::filesystem::create_directories(root / "var/lib/covfefe");
    std::filesystem::create_directories(root / "run/covfefe");
    REQUIRE(os::make_directory(root / ("var/lib/covfefe/" + name), {0700, user}).ok());
  }
  [[nodiscard]] std::string socket(const std::string& name) const {
    return root / ("run/covfefe/" + name + ".sock");
  }
  [[nodiscard]] os::Fd listen(const std::string& name) const {
    return *os::listen_unix({socket(name), os::UnixKind::Stream, {0600, user}});
  }
};

using Environment = std::vector<std::pair<std::string, std::string>>;

// Ends what it started, by its number.
class Child {
 public:
  Child(const Place& place, const char* program, const os::Fd& operators,
        const Environment& more = {}) {
    os::Program started;
    started.path = program;
    started.arguments = {"--root", place.root.text(), "--jail-unknown=kill"};
    started.environment = {{"CREDENTIALS_DIRECTORY", place.root / "etc/covfefe/credentials"}};
    for (const auto& variable : more) started.environment.push_back(variable);
    started.sockets = {{place.service + ".operator", operators.number()}};
    pid_ = *os::spawn(started);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 1) end(SIGKILL);
  }
  [[nodiscard]] bool has_ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
  }
  // By itself; end() then gives its status.
  int end(int signal) {
    const pid_t pid = std::exchange(pid_, 0);
    int status = 0;
    if (!os::send_signal(pid, signal).ok() || ::waitpid(pid, &status, 0) != pid) return -1;
    return status;
  }

 private:
  pid_t pid_ = 0;
};

// Both edges of one service, seen from their other ends.
struct Edges {
  kj::AsyncIoContext io = kj::setupAsyncIo();
  Place place;
  os::Fd operators;
  kj::Own<kj::ConnectionReceiver> router_socket;
  kj::Own<rpc::Endpoint> router;
  kj::Own<rpc::Endpoint> owner;

  explicit Edges(const std::string& service)
      : place(service), operators(place.listen(service + ".operator")) {
    router_socket = io.lowLevelProvider->wrapListenSocketFd(
        place.listen("router." + service).release(), kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP);
  }

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return io.provider->getTimer()
        .timeoutAfter(20 * kj::SECONDS, kj::mv(promise))
        .wait(io.waitScope);
  }
  void connect() {
    router = kj::heap<rpc::Endpoint>(wait(router_socket->accept()), rpc::Side::Acceptor,
                                     rpc::Limits{}, nullptr);
    const kj::String address = kj::str("unix:", place.socket(place.service + ".operator").c_str());
    auto parsed = wait(io.provider->getNetwork().parseAddress(address));
    owner = kj::heap<rpc::Endpoint>(wait(parsed->connect()), rpc::Side::Connector, rpc::Limits{},
                                    nullptr);
  }
};

}  // namespace covfefe::test
