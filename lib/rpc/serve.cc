// SPDX-License-Identifier: Apache-2.0
#include "rpc/serve.h"

#include <kj/debug.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>

namespace covfefe::rpc {
namespace {

constexpr kj::Duration kFirstPause = 20 * kj::MILLISECONDS;
constexpr kj::Duration kLongestPause = 500 * kj::MILLISECONDS;
// A connection that ended sooner is as good as none.
constexpr kj::Duration kLasting = 250 * kj::MILLISECONDS;
// After a failed accept, which is most often "no more file descriptors".
constexpr kj::Duration kAcceptPause = 50 * kj::MILLISECONDS;

// Three to five quarters of it: services that lost their peer together do not come back together.
// The clock's last digits are chance enough for that.
kj::Duration spread(kj::Duration pause) {
  const auto digits = std::chrono::steady_clock::now().time_since_epoch().count() / 100 % 512;
  return pause * (768 + digits) / 1'024;
}

SysError refused_by_kj(const char* operation, const kj::Exception& exception) {
  return {operation, from_exception(exception).text, EIO};
}

}  // namespace

struct Service::Connection {
  std::uint64_t id;
  Endpoint endpoint;
};

struct Service::Socket {
  Edge edge;
  EdgeHandler& handler;
  std::string path;  // empty: listening
  kj::Own<kj::ConnectionReceiver> receiver;
  std::vector<std::unique_ptr<Connection>> live;  // oldest first
  EdgeCount count;
};

void end_without_memory() {
  std::set_new_handler([] { bug("no memory"); });
}

SysResult<std::unique_ptr<Service>> Service::make() {
  end_without_memory();
  std::unique_ptr<Service> made;
  KJ_IF_MAYBE (failed, kj::runCatchingExceptions(
                           [&made] { made.reset(new Service(kj::setupAsyncIo())); })) {
    return refused_by_kj("event loop", *failed);
  }
  return made;
}

Service::Service(kj::AsyncIoContext io)
    : io_(kj::mv(io)),
      tasks_(std::make_unique<kj::TaskSet>(static_cast<kj::TaskSet::ErrorHandler&>(*this))) {
  auto stop = kj::newPromiseAndFulfiller<void>();
  stop_ = kj::mv(stop.fulfiller);
  stopped_ = kj::mv(stop.promise);
}

Service::~Service() = default;

void Service::taskFailed(kj::Exception&&) {
  ++failed_tasks_;
}

void Service::listen(Edge edge, int fd, EdgeHandler& handler) {
  auto socket = std::make_unique<Socket>(Socket{std::move(edge), handler, {}, {}, {}, {}});
  // Told otherwise, KJ would set both by ioctl(2), which no service is allowed.
  constexpr unsigned kFlags = kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP |
                              kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC |
                              kj::LowLevelAsyncIoProvider::ALREADY_NONBLOCK;
  socket->receiver = io_.lowLevelProvider->wrapListenSocketFd(fd, kFlags);
  tasks_->add(accept_next(*socket));
  sockets_.push_back(std::move(socket));
}

// With a caller in the queue and no descriptor left accept throws at once, instead of in a promise.
kj::Promise<void> Service::accept_next(Socket& socket) {
  return kj::evalNow([&socket] { return socket.receiver->accept(); })
      .then(
          [this, &socket](kj::Own<kj::AsyncIoStream> stream) -> kj::Promise<void> {
            admit(socket, kj::mv(stream), Side::Acceptor);
            return kj::READY_NOW;
          },
          [this](kj::Exception&&) { return timer().afterDelay(kAcceptPause); })
      .then([this, &socket] { return accept_next(socket); });
}

void Service::connect(Edge edge, std::string path, EdgeHandler& handler) {
  edge.connections = 1;
  edge.overflow = Overflow::DropOldest;
  auto socket =
      std::make_unique<Socket>(Socket{std::move(edge), handler, std::move(path), {}, {}, {}});
  tasks_->add(connect_next(*socket, kFirstPause));
  sockets_.push_back(std::move(socket));
}

kj::Promise<void> Service::connect_next(Socket& socket, kj::Duration pause) {
  const kj::String address = kj::str("unix:", socket.path.c_str());
  const kj::TimePoint asked = timer().now();
  return io_.provider->getNetwork()
      .parseAddress(address)
      .then([](kj::Own<kj::NetworkAddress> parsed) {
        auto connecting = parsed->connect();
        return connecting.attach(kj::mv(parsed));
      })
      .then(
          [this, &socket](kj::Own<kj::AsyncIoStream> stream) -> kj::Promise<void> {
            Connection* made = admit(socket, kj::mv(stream), Side::Connector);
            if (made == nullptr) return kj::READY_NOW;
            return made->endpoint.disconnected();
          },
          [](kj::Exception&&) -> kj::Promise<void> { return kj::READY_NOW; })
      .then([this, &socket, asked, pause] {
        // Whoever hangs up at once is asked less and less often, too.
        const kj::Duration now = timer().now() - asked < kLasting ? pause : kFirstPause;
        return timer().afterDelay(spread(now)).then([this, &socket, now] {
          return connect_next(socket, std::min(now * 2, kLongestPause));
        });
      });
}

Service::Connection* Service::admit(Socket& socket, kj::Own<kj::AsyncIoStream> stream, Side side) {
  ++socket.count.accepted;
  if (socket.live.size() >= socket.edge.connections) {
    ++socket.count.refused;
    if (socket.edge.overflow == Overflow::RefuseNewest) return nullptr;
    end(socket, socket.live.front()->id);
  }
  const std::uint64_t id = next_id_++;
  Connection* made = nullptr;
  KJ_IF_MAYBE (failed, kj::runCatchingExceptions([&] {
                 auto connection = std::unique_ptr<Connection>(
                     new Connection{id, Endpoint(kj::mv(stream), side, socket.edge.limits,
                                                 socket.handler.bootstrap())});
                 made = connection.get();
                 socket.live.push_back(std::move(connection));
               })) {
    taskFailed(kj::mv(*failed));
    return nullptr;
  }
  socket.count.live = static_cast<std::uint32_t>(socket.live.size());
  tasks_->add(made->endpoint.disconnected().then([this, &socket, id] { end(socket, id); }));
  socket.handler.connected(made->endpoint.peer());
  return made;
}

void Service::end(Socket& socket, std::uint64_t id) {
  const auto at = std::find_if(socket.live.begin(), socket.live.end(),
                               [id](const auto& connection) { return connection->id == id; });
  if (at == socket.live.end()) return;
  const std::unique_ptr<Connection> ended = std::move(*at);
  socket.live.erase(at);
  socket.count.live = static_cast<std::uint32_t>(socket.live.size());
  socket.handler.gone();
}

void Service::on_readable(int fd, std::function<void()> drain) {
  observers_.push_back(std::make_unique<kj::UnixEventPort::FdObserver>(
      io_.unixEventPort, fd, kj::UnixEventPort::FdObserver::OBSERVE_READ));
  callbacks_.push_back(std::make_unique<std::function<void()>>(std::move(drain)));
  tasks_->add(watch(*observers_.back(), *callbacks_.back()));
}

// The observer sees edges only: it is armed before the queue is emptied, so that what arrives in
// between wakes the next turn.
kj::Promise<void> Service::watch(kj::UnixEventPort::FdObserver& observer,
                                 std::function<void()>& drain) {
  kj::Promise<void> armed = observer.whenBecomesReadable();
  drain();
  return armed.then([this, &observer, &drain] { return watch(observer, drain); });
}

void Service::every(Duration interval, std::function<void()> act) {
  callbacks_.push_back(std::make_unique<std::function<void()>>(std::move(act)));
  tasks_->add(tick(interval.nanoseconds * kj::NANOSECONDS, *callbacks_.back()));
}

kj::Promise<void> Service::tick(kj::Duration interval, std::function<void()>& act) {
  return timer().afterDelay(interval).then([this, interval, &act] {
    act();
    return tick(interval, act);
  });
}

void Service::run_beside(kj::Promise<void> task) {
  tasks_->add(kj::mv(task));
}

kj::Timer& Service::timer() {
  return io_.provider->getTimer();
}

EdgeCount Service::count(const std::string& edge) const {
  for (const auto& socket : sockets_) {
    if (socket->edge.name == edge) return socket->count;
  }
  return {};
}

SysResult<void> Service::run() {
  kj::Maybe<kj::Exception> failed =
      kj::runCatchingExceptions([this] { stopped_.wait(io_.waitScope); });
  tasks_ = nullptr;
  for (const auto& socket : sockets_) socket->live.clear();
  observers_.clear();
  KJ_IF_MAYBE (exception, failed) {
    return refused_by_kj("serve", *exception);
  }
  return {};
}

void Service::stop() {
  stop_->fulfill();
}

}  // namespace covfefe::rpc
