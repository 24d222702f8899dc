// SPDX-License-Identifier: Apache-2.0
// What the control thread may know of the data thread: numbers, written by the data thread after
// each round of work and read at any time. They need not agree with one another to the last unit.
#pragma once

#include <atomic>
#include <cstdint>

namespace covfefe::shaper {

using LiveNumber = std::atomic<std::uint64_t>;

struct Live {
  LiveNumber rate{0};  // of the root clock, wire bytes a second; 0 = unlimited
  LiveNumber sent_datagrams{0};
  LiveNumber sent_bytes{0};  // wire
  LiveNumber queued_datagrams{0};
  LiveNumber queued_bytes{0};  // wire
  LiveNumber busy_flows{0};
  LiveNumber send_errors{0};  // datagrams that the kernel refused
  LiveNumber dropped{0};      // over a queue limit, or for their age
  LiveNumber cancelled{0};
  LiveNumber reports{0};   // of friends, about the way to them
  LiveNumber attached{0};  // 0 or 1
  LiveNumber attachments{0};
  LiveNumber violations{0};
  LiveNumber received{0};      // descriptors
  LiveNumber router_wakes{0};  // eventfd writes
  LiveNumber own_wakes{0};     // rounds of work begun
  LiveNumber send_calls{0};    // sendmmsg(2) and sendmsg(2)
  LiveNumber trains{0};
  LiveNumber blocked{0};
};

}  // namespace covfefe::shaper
