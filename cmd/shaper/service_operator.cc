// SPDX-License-Identifier: Apache-2.0
#include "os/clock.h"
#include "service_desk.h"

namespace covfefe::shaper {
namespace {

class OperatorEdge final : public rpc::Served<schema::ShaperOperator> {
 public:
  explicit OperatorEdge(Desk& desk) : Served(desk.operator_calls), desk_(desk) {}

 protected:
  kj::Promise<void> status(StatusContext context) override {
    write_status(desk_.live(), context.getResults().initStatus());
    return kj::READY_NOW;
  }

  kj::Promise<void> view(ViewContext context) override {
    return desk_.measure().then(
        [this, context]() mutable { write_view(desk_, context.getResults().initView()); });
  }

  kj::Promise<void> apply(ApplyContext context) override {
    const auto text = context.getParams().getConfig();
    const auto applied = desk_.books().apply({text.begin(), text.size()}, os::monotonic_now());
    auto results = context.getResults();
    results.setOk(applied.ok());
    if (!applied) {
      results.setWhy(applied.error());
      return kj::READY_NOW;
    }
    auto changed = results.initChanged(static_cast<capnp::uint>(applied->size()));
    for (capnp::uint i = 0; i < changed.size(); ++i) changed.set(i, (*applied)[i]);
    desk_.settle();
    return kj::READY_NOW;
  }

  kj::Promise<void> inspect(InspectContext context) override {
    rpc::write_inspection(desk_.inspect(), context.getResults().initInspection());
    return kj::READY_NOW;
  }

 private:
  Desk& desk_;
};

}  // namespace

capnp::Capability::Client operator_edge(Desk& desk) {
  return kj::heap<OperatorEdge>(desk);
}

}  // namespace covfefe::shaper
