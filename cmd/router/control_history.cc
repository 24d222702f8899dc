// SPDX-License-Identifier: Apache-2.0
#include "control_history.h"

#include "rpc/convert.h"
#include "rpc/history.h"

namespace covfefe::router {
namespace {

using schema::PeerdbForRouter;

// A change that may succeed later is sent again; one that never will is dropped.
template <typename Answer>
bool worth_repeating(const Answer& answer) {
  const schema::Refusal why = answer.getWhy();
  return answer.getRefused() && (why == schema::Refusal::OVERLOADED ||
                                 why == schema::Refusal::UNAVAILABLE || why == schema::Refusal::IO);
}

}  // namespace

void History::connected(Client client) {
  ++epoch_;
  client_ = kj::mv(client);
  promises_.failed();
  minutes_.failed();
  if (!told_) read();
  write();
}

void History::gone() {
  ++epoch_;
  client_ = nullptr;
}

void History::read() {
  KJ_IF_MAYBE (client, client_) {
    auto request = client->capacityHistoryRequest();
    request.setMost(kRecalledMinutes);
    const std::uint64_t epoch = epoch_;
    needs_.service.run_beside(request.send().then(
        [this, epoch](capnp::Response<PeerdbForRouter::CapacityHistoryResults>&& answer) {
          if (epoch != epoch_) return;
          const auto minutes = rpc::capacity_from(answer.getMinutes(), kRecalledMinutes);
          if (!minutes) {
            return needs_.log.record(Level::Error, "capacity-unreadable",
                                     {{"why", name_of(minutes.error())}});
          }
          told_ = true;
          needs_.recalled(*minutes);
        },
        // Asked again at the next connection.
        [](kj::Exception&&) {}));
  }
}

void History::note(const Minutes& minutes) {
  for (const CapacityRecord& one : minutes) minutes_.add(one);
}

void History::write() {
  KJ_IF_MAYBE (client, client_) {
    write_promises(*client);
    write_minutes(*client);
  }
}

void History::write_promises(Client& client) {
  if (!promises_.begin(needs_.operation)) return;
  auto request = client.recordPromisesRequest();
  request.setOperation(rpc::as_data(promises_.operation()));
  auto list = request.initOutcomes(static_cast<capnp::uint>(promises_.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_promise_end(promises_[i], list[i]);
  settle<PeerdbForRouter::RecordPromisesResults>(request.send(), promises_);
}

void History::write_minutes(Client& client) {
  if (!minutes_.begin(needs_.operation)) return;
  auto request = client.recordCapacityRequest();
  request.setOperation(rpc::as_data(minutes_.operation()));
  auto list = request.initMinutes(static_cast<capnp::uint>(minutes_.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_capacity(minutes_[i], list[i]);
  settle<PeerdbForRouter::RecordCapacityResults>(request.send(), minutes_);
}

template <typename Results, typename Values>
void History::settle(kj::Promise<capnp::Response<Results>> sent, Values& batch) {
  const std::uint64_t epoch = epoch_;
  needs_.service.run_beside(sent.then(
      [this, epoch, &batch](capnp::Response<Results>&& answer) {
        if (epoch != epoch_) return;
        if (worth_repeating(answer)) return batch.failed();
        batch.done();
      },
      [this, epoch, &batch](kj::Exception&&) {
        if (epoch == epoch_) batch.failed();
      }));
}

}  // namespace covfefe::router
