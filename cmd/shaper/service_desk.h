// SPDX-License-Identifier: Apache-2.0
// The control thread's work between calls: hands changes to the data thread, lets leases end, tells
// the router what was revoked, collects what the data thread measures. Thread: control.
#pragma once

#include <schema/shaper.capnp.h>

#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "base/log.h"
#include "books.h"
#include "live.h"
#include "mail.h"
#include "rpc/inspect.h"
#include "rpc/serve.h"

namespace covfefe::shaper {

struct MinuteRecord {  // schema::CapacitySample
  std::int64_t at = 0;
  shape::MinuteSample sample;
};

class Desk {
 public:
  struct Parts {
    rpc::Service& service;
    Books& books;
    DataMailbox& to_data;
    ControlMailbox& from_data;
    const Live& live;
    Log& log;
  };
  explicit Desk(const Parts& parts);
  void start();
  // Before Service::run().

  [[nodiscard]] Books& books() { return books_; }
  [[nodiscard]] const Live& live() const { return live_; }
  void settle();
  // After every call that may have changed the books.

  [[nodiscard]] std::uint64_t watch(schema::LeaseObserver::Client observer);
  void unwatch(std::uint64_t id);
  [[nodiscard]] std::deque<MinuteRecord> take_minutes();

  [[nodiscard]] kj::Promise<void> measure();
  // Then newest() is of now, and earlier() of a quarter of a second to a few seconds before.
  [[nodiscard]] const Figures& newest() const { return *newest_; }
  [[nodiscard]] const Figures& earlier() const { return *earlier_; }

  std::function<rpc::InspectedService()> inspect;
  rpc::CallCount router_calls;
  rpc::CallCount operator_calls;

 private:
  struct Watcher {
    schema::LeaseObserver::Client observer;
    std::size_t in_flight = 0;
  };
  [[nodiscard]] kj::Promise<void> run();
  void work();
  void tell_revoked();
  void tell(std::uint64_t watcher, const Revocation& revoked);
  void on_mail(ToControl mail);
  void keep(FiguresQuery figures);
  [[nodiscard]] kj::Promise<void> ask();
  [[nodiscard]] Instant next_work() const;

  rpc::Service& service_;
  Books& books_;
  DataMailbox& to_data_;
  ControlMailbox& from_data_;
  const Live& live_;
  Log& log_;
  Instant flush_at_ = Instant::never();
  Instant armed_ = Instant::never();  // what run() waits for
  kj::Own<kj::PromiseFulfiller<void>> poke_;
  std::map<std::uint64_t, Watcher> watchers_;
  std::uint64_t next_watcher_ = 1;
  std::deque<MinuteRecord> minutes_;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> asking_;
  Instant asked_;
  FiguresQuery newest_;
  FiguresQuery earlier_;
};

[[nodiscard]] capnp::Capability::Client router_edge(Desk& desk);
[[nodiscard]] capnp::Capability::Client operator_edge(Desk& desk);
// A fresh bootstrap capability; the desk is borrowed.

void write_status(const Live& live, schema::ShaperStatus::Builder to);
void write_view(Desk& desk, schema::ShaperView::Builder to);
// After measure().

}  // namespace covfefe::shaper
