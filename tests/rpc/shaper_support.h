// SPDX-License-Identifier: Apache-2.0
// The shaper's control thread without its process: both of its edges, each over a pipe of its own,
// real books and a real ledger, and the test in the place of the data thread.
#pragma once

#include <doctest/doctest.h>
#include <kj/async-io.h>

#include <string>
#include <vector>

#include "cmd/shaper/service_desk.h"
#include "os/clock.h"
#include "rpc/convert.h"
#include "rpc/endpoint.h"
#include "rpc/leases.h"

namespace covfefe::shaper {

class NoLog final : public Log {
 public:
  void write(Level, std::string_view) override {}
};

// One served capability and its caller; the caller's end may go away first.
struct Line {
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  kj::Own<rpc::Endpoint> server;
  kj::Own<rpc::Endpoint> client;

  explicit Line(capnp::Capability::Client exported)
      : server(kj::heap<rpc::Endpoint>(kj::mv(pipe.ends[0]), rpc::Side::Connector, rpc::Limits{},
                                       kj::mv(exported))),
        client(kj::heap<rpc::Endpoint>(kj::mv(pipe.ends[1]), rpc::Side::Acceptor, rpc::Limits{},
                                       nullptr)) {}
  // What is held by a connection goes with it.
  kj::Promise<void> hang_up() {
    client = nullptr;
    auto over = server->disconnected();
    return over.then([this] { server = nullptr; });
  }
};

inline config::Config configured(const std::string& up) {
  auto parsed = config::parse_config("name: test\ncapacity:\n  up: " + up + "\n", "test");
  REQUIRE(parsed.ok());
  return *parsed;
}

struct ShaperFixture {
  std::unique_ptr<rpc::Service> service = std::move(*rpc::Service::make());
  std::unique_ptr<DataMailbox> to_data = std::move(*DataMailbox::create(kMailboxCapacity));
  std::unique_ptr<ControlMailbox> from_data = std::move(*ControlMailbox::create(kMailboxCapacity));
  Live live;
  NoLog log;
  Books books{configured("1 MB/s"), 1'000, *to_data};
  Desk desk{{*service, books, *to_data, *from_data, live, log}};
  Line router_line{router_edge(desk)};
  Line operator_line{operator_edge(desk)};
  schema::ShaperForRouter::Client router =
      router_line.client->peer().castAs<schema::ShaperForRouter>();
  schema::ShaperOperator::Client owner =
      operator_line.client->peer().castAs<schema::ShaperOperator>();
  std::vector<Changes> changes;  // that the data thread was told
  std::uint64_t sent = 0;        // by each link, as the data thread says
  bool late = false;

  ShaperFixture() {
    desk.inspect = [] {
      rpc::InspectedService out;
      out.service = "shaper";
      return out;
    };
    service->on_readable(to_data->wake_fd().number(), [this] {
      to_data->drain([this](ToData mail) { take(std::move(mail)); });
    });
    desk.start();
  }

  void take(ToData mail) {
    if (const auto* told = std::get_if<std::unique_ptr<const Changes>>(&mail)) {
      return changes.push_back(**told);
    }
    auto figures = std::move(std::get<FiguresQuery>(mail));
    figures->at = os::monotonic_now();
    for (LinkFigures& link : figures->links) link.all.sent_bytes = sent;
    from_data->push(std::move(figures));
  }

  // Once in a test: the loop ends with it.
  void run(kj::Promise<void> until) {
    kj::Maybe<kj::Exception> failed;
    service->run_beside(until.then([this] { service->stop(); },
                                   [this, &failed](kj::Exception&& why) {
                                     failed = kj::mv(why);
                                     service->stop();
                                   }));
    service->run_beside(service->timer().afterDelay(20 * kj::SECONDS).then([this] {
      late = true;
      service->stop();
    }));
    CHECK(service->run().ok());
    CHECK_FALSE(late);
    KJ_IF_MAYBE (why, failed) FAIL_CHECK(why->getDescription().cStr());
  }
  // Long enough for everything that is due now; nothing depends on how long.
  kj::Promise<void> turns() { return service->timer().afterDelay(20 * kj::MILLISECONDS); }
};

}  // namespace covfefe::shaper
