// SPDX-License-Identifier: Apache-2.0
#include "sure_mail.h"

namespace covfefe::router {
namespace {

constexpr kj::Duration kRetry = 50 * kj::MILLISECONDS;

}  // namespace

void SureMail::deliver() {
  while (!waiting_.empty() && waiting_.front()()) waiting_.pop_front();
  if (waiting_.empty() || retrying_) return;
  retrying_ = true;
  service_.run_beside(service_.timer().afterDelay(kRetry).then([this] {
    retrying_ = false;
    deliver();
  }));
}

}  // namespace covfefe::router
