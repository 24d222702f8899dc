// SPDX-License-Identifier: Apache-2.0
#include "shaper_calls.h"

#include <poll.h>

#include "base/bug.h"
#include "os/listen.h"

namespace covfefe::tests {
namespace {

class Observer final : public rpc::Served<schema::LeaseObserver> {
 public:
  Observer(rpc::CallCount& count, std::function<void(std::uint32_t, LeaseRefusal)> told)
      : Served(count), told_(std::move(told)) {}

 protected:
  kj::Promise<void> revoked(RevokedContext context) override {
    const auto params = context.getParams();
    told_(params.getId(), rpc::refusal_from(params.getWhy()));
    return kj::READY_NOW;
  }

 private:
  std::function<void(std::uint32_t, LeaseRefusal)> told_;
};

kj::Own<rpc::Endpoint> endpoint(kj::Own<kj::AsyncIoStream> stream, rpc::Side side) {
  return kj::heap<rpc::Endpoint>(kj::mv(stream), side, rpc::Limits{.traversal_words = 1 << 20},
                                 nullptr);
}

}  // namespace

bool ShaperCalls::meet() {
  router_ = nullptr;
  operator_ = nullptr;
  pollfd waiting{node_.rpc_listener().number(), POLLIN, 0};
  if (::poll(&waiting, 1, 5'000) != 1) return false;
  auto accepted = os::accept_unix(node_.rpc_listener());
  if (!accepted) return false;
  router_ = endpoint(io_.lowLevelProvider->wrapSocketFd(
                         accepted->release(), kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP |
                                                  kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC),
                     rpc::Side::Acceptor);
  auto address = wait(
      io_.provider->getNetwork().parseAddress(kj::str("unix:", node_.operator_socket.c_str())));
  operator_ = endpoint(wait(address->connect()), rpc::Side::Connector);
  return true;
}

schema::ShaperForRouter::Client ShaperCalls::router() {
  return router_->peer().castAs<schema::ShaperForRouter>();
}
schema::ShaperOperator::Client ShaperCalls::operators() {
  return operator_->peer().castAs<schema::ShaperOperator>();
}

void ShaperCalls::let_pass(Duration time) {
  io_.provider->getTimer().afterDelay(time.nanoseconds * kj::NANOSECONDS).wait(io_.waitScope);
}

void ShaperCalls::place(const std::vector<PlacedLink>& links) {
  auto request = router().placeRequest();
  auto list = request.initLinks(static_cast<capnp::uint>(links.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_place(links[i], list[i]);
  wait(request.send());
}

rpc::LeaseAnswer ShaperCalls::take(const LeaseTerms& terms) {
  auto request = router().takeRequest();
  rpc::write_terms(terms, request.initTerms());
  const auto answer = rpc::answer_from(wait(request.send()).getAnswer());
  if (!answer) bug("an answer that the contract forbids");
  return *answer;
}

std::vector<Lease> ShaperCalls::leases() {
  const auto all = rpc::leases_from(wait(router().leasesRequest().send()).getLeases());
  if (!all) bug("leases that the contract forbids");
  return *all;
}

std::vector<std::uint32_t> ShaperCalls::restore(const std::vector<Lease>& leases) {
  auto request = router().restoreRequest();
  auto list = request.initLeases(static_cast<capnp::uint>(leases.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) rpc::write_lease(leases[i], list[i]);
  const auto response = wait(request.send());
  std::vector<std::uint32_t> out;
  for (const std::uint32_t id : response.getKept()) out.push_back(id);
  return out;
}

void ShaperCalls::watch(std::function<void(std::uint32_t, LeaseRefusal)> told) {
  auto request = router().watchRequest();
  request.setObserver(kj::heap<Observer>(calls_, std::move(told)));
  wait(request.send());
}

ShaperCalls::Applied ShaperCalls::apply(const std::string& text) {
  auto request = operators().applyRequest();
  request.setConfig(text);
  const auto response = wait(request.send());
  Applied out{response.getOk(), {}, response.getWhy().cStr()};
  for (const auto key : response.getChanged()) out.changed.emplace_back(key.cStr());
  return out;
}

kj::Own<capnp::MallocMessageBuilder> ShaperCalls::view() {
  auto out = kj::heap<capnp::MallocMessageBuilder>();
  out->setRoot(wait(operators().viewRequest().send()).getView());
  return out;
}

std::uint64_t ShaperCalls::counter(std::string_view name) {
  const auto response = wait(operators().inspectRequest().send());
  for (const auto counter : response.getInspection().getCounters()) {
    if (std::string_view(counter.getName().cStr()) == name) return counter.getValue();
  }
  return 0;
}

}  // namespace covfefe::tests
