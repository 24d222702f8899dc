// SPDX-License-Identifier: Apache-2.0
// Mail to the data thread that must not be lost: it waits in order until the mailbox takes it.
// Thread: control.
#pragma once

#include <deque>
#include <functional>

#include "mail.h"
#include "rpc/serve.h"

namespace covfefe::router {

inline constexpr std::size_t kMostSureMail = 8'192;  // every lease there can be, twice

class SureMail {
 public:
  SureMail(rpc::Service& service, DataMailbox& to_data) : service_(service), to_data_(to_data) {}
  // Both are borrowed and outlive this.

  template <typename Value>
  void send(Value value) {
    if (waiting_.size() >= kMostSureMail) {
      ++lost_;
      return;
    }
    waiting_.push_back(
        [this, kept = std::move(value)] { return to_data_.push(kept) == os::Posted::Queued; });
    deliver();
  }
  // Beyond kMostSureMail it is lost and counted: the data thread has stood still for long.

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  void deliver();

  rpc::Service& service_;
  DataMailbox& to_data_;
  std::deque<std::function<bool()>> waiting_;  // each: whether the mailbox took it
  bool retrying_ = false;
  std::uint64_t lost_ = 0;
};

}  // namespace covfefe::router
