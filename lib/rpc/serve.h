// SPDX-License-Identifier: Apache-2.0
// The KJ loop of one service thread and the connections on it. Each edge is one socket: accepted on
// an inherited listening fd, or kept connected to a path with back-off. A connection that fails,
// floods or goes away costs itself only. Nothing is thrown out of here.
// Thread: everything is called on the thread that made the Service, stop() included.
#pragma once

#include <kj/async-unix.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "rpc/endpoint.h"
#include "rpc/errors.h"

namespace covfefe::rpc {

enum class Overflow : std::uint8_t {
  RefuseNewest,  // operator edges: whoever is being served stays
  DropOldest,    // service edges: a restarted service takes over from its dead self
};

struct Edge {
  std::string name;  // as in LISTEN_FDNAMES: "router.keystore"
  Limits limits = {};
  std::uint32_t connections = 16;  // at the same time
  Overflow overflow = Overflow::RefuseNewest;
};

struct EdgeCount {
  std::uint32_t live = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  // closed because of Edge::connections
};

class EdgeHandler {
 public:
  virtual ~EdgeHandler() noexcept(false) = default;
  virtual kj::Maybe<capnp::Capability::Client> bootstrap() { return nullptr; }
  // Asked once for each connection: a fresh capability, or none if the peer may call nothing.
  virtual void connected(capnp::Capability::Client /*peer*/) {}
  // A new connection; with DropOldest the earlier one is gone already and was reported.
  virtual void gone() {}
  // A connection ended. Its capabilities answer DISCONNECTED from now on.
};

class Exports final : public EdgeHandler {
 public:
  explicit Exports(std::function<capnp::Capability::Client()> fresh) : fresh_(std::move(fresh)) {}
  kj::Maybe<capnp::Capability::Client> bootstrap() override { return fresh_(); }

 private:
  std::function<capnp::Capability::Client()> fresh_;
};
// For edges on which only this side serves.

void end_without_memory();
// From now on a refused allocation ends this process, and its supervisor starts it anew: the
// library destroys what it holds while an exception is under way, and allocates in doing so.

class Service final : private kj::TaskSet::ErrorHandler {
 public:
  static SysResult<std::unique_ptr<Service>> make();
  // Sets up KJ on this thread: epoll, eventfd and signalfd are opened here. One per thread. Calls
  // end_without_memory.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void listen(Edge edge, int fd, EdgeHandler& handler);
  // Takes the listening socket over; it does not block and closes on exec (os::InheritedFds has
  // seen to it). The handler must outlive the Service.
  void connect(Edge edge, std::string path, EdgeHandler& handler);
  // Connects and, after every loss, connects again: 20, 40 … 500 ms between attempts, each a
  // quarter more or less by chance. A connection of less than 250 ms counts as a failed attempt.
  void on_readable(int fd, std::function<void()> drain);
  // fd (an eventfd of a mailbox) is borrowed. drain empties it; also called once at the start.
  void every(Duration interval, std::function<void()> act);

  void run_beside(kj::Promise<void> task);
  // Keeps a promise alive; its failure is counted, nothing else.
  [[nodiscard]] kj::Timer& timer();
  [[nodiscard]] EdgeCount count(const std::string& edge) const;
  [[nodiscard]] std::uint64_t failed_tasks() const { return failed_tasks_; }

  SysResult<void> run();
  // Until stop(). Every connection is closed on return.
  void stop();

 private:
  struct Connection;
  struct Socket;
  explicit Service(kj::AsyncIoContext io);

  void taskFailed(kj::Exception&& exception) override;
  kj::Promise<void> accept_next(Socket& socket);
  kj::Promise<void> connect_next(Socket& socket, kj::Duration pause);
  Connection* admit(Socket& socket, kj::Own<kj::AsyncIoStream> stream, Side side);
  void end(Socket& socket, std::uint64_t id);
  kj::Promise<void> watch(kj::UnixEventPort::FdObserver& observer, std::function<void()>& drain);
  kj::Promise<void> tick(kj::Duration interval, std::function<void()>& act);

  kj::AsyncIoContext io_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::vector<std::unique_ptr<kj::UnixEventPort::FdObserver>> observers_;
  std::vector<std::unique_ptr<std::function<void()>>> callbacks_;
  std::uint64_t next_id_ = 1;
  std::uint64_t failed_tasks_ = 0;
  kj::Own<kj::PromiseFulfiller<void>> stop_;
  kj::Promise<void> stopped_ = nullptr;
  std::unique_ptr<kj::TaskSet> tasks_;
};

struct CallCount {
  std::uint64_t calls = 0;
};

template <typename Interface>
class Served : public Interface::Server {
 public:
  explicit Served(CallCount& count) : count_(count) {}
  // Base of every implementation: counts calls and lets no file, line or trace cross the edge. The
  // count must outlive the capability.

  capnp::Capability::Server::DispatchCallResult dispatchCall(
      std::uint64_t interface_id, std::uint16_t method,
      capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> context) override {
    ++count_.calls;
    auto result = Interface::Server::dispatchCall(interface_id, method, context);
    result.promise = result.promise.catch_(
        [](kj::Exception&& failed) -> kj::Promise<void> { return without_origin(failed); });
    return result;
  }

 private:
  CallCount& count_;
};

}  // namespace covfefe::rpc
