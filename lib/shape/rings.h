// SPDX-License-Identifier: Apache-2.0
// Rings through the links of nodes; `head` is the place that remembers one of them, kNone for an
// empty ring. Thread: data.
#pragma once

#include <cstdint>

#include "shape/flow_table.h"

namespace covfefe::shape {

template <std::uint32_t Node::*Next, std::uint32_t Node::*Previous>
struct Ring {
  static void append(FlowTable& table, std::uint32_t& head, std::uint32_t node) {
    Node& one = table[node];
    if (head == kNone) {
      one.*Next = one.*Previous = head = node;
      return;
    }
    Node& first = table[head];
    const std::uint32_t last = first.*Previous;
    one.*Next = head;
    one.*Previous = last;
    table[last].*Next = node;
    first.*Previous = node;
  }
  static void remove(FlowTable& table, std::uint32_t& head, std::uint32_t node) {
    Node& gone = table[node];
    const std::uint32_t after = gone.*Next;
    if (after == node) {
      head = kNone;
    } else {
      table[gone.*Previous].*Next = after;
      table[after].*Previous = gone.*Previous;
      if (head == node) head = after;
    }
    gone.*Next = gone.*Previous = kNone;
  }
};
using Siblings = Ring<&Node::next, &Node::previous>;
using QueueRing = Ring<&Node::queue_next, &Node::queue_previous>;

}  // namespace covfefe::shape
