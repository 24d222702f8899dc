// SPDX-License-Identifier: Apache-2.0
// Circuits that the operator has ordered (`covfefe circuit new`): answered when they stand, or when
// the time that was given is over. Thread: data.
#pragma once

#include "core/circuit/reach.h"

namespace covfefe::core {

class Orders {
 public:
  static constexpr std::size_t kMost = 16;

  explicit Orders(Reach& reach) : reach_(reach) {}

  [[nodiscard]] bool add(RequestId request, const Peer& peer, Duration patience);
  // False: too many.
  void settle();
  // Answers what can be.
  [[nodiscard]] Instant next_deadline() const;

 private:
  struct Order {
    RequestId request;
    Address address;
    std::size_t had = 0;  // circuits
    Instant deadline{};
  };
  [[nodiscard]] bool settled(const Order& order);

  Reach& reach_;
  std::vector<Order> orders_;
};

}  // namespace covfefe::core
