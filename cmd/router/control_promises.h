// SPDX-License-Identifier: Apache-2.0
// The part of the operator's edge that reserves, announces and answers, and takes a changed
// configuration. Thread: control.
#pragma once

#include "control_names.h"
#include "control_operator.h"

namespace covfefe::router {

class PromisingOperator : public rpc::Served<schema::RouterOperator> {
 public:
  explicit PromisingOperator(const OperatorView& view);
  // Borrowed; outlives this.

 protected:
  kj::Promise<void> apply(ApplyContext context) override;
  kj::Promise<void> reserve(ReserveContext context) override;
  kj::Promise<void> extend(ExtendContext context) override;
  kj::Promise<void> release(ReleaseContext context) override;
  kj::Promise<void> intend(IntendContext context) override;
  kj::Promise<void> please(PleaseContext context) override;
  kj::Promise<void> answer(AnswerContext context) override;
  kj::Promise<void> promises(PromisesContext context) override;

  const OperatorView& view_;
  OperatorNames names_;

 private:
  [[nodiscard]] const FriendRecord* friend_named(const std::string& text) const;
};

}  // namespace covfefe::router
