// SPDX-License-Identifier: Apache-2.0
// Both sides of the packet rings in one process, met through the real handshake. The raw pointers
// are each side's writable view of its own memory: a test that writes there plays a hostile owner.
#pragma once

#include <sys/socket.h>

#include <array>
#include <utility>

#include "base/bug.h"
#include "os/ring_handshake.h"

namespace covfefe::tests {

struct RingSockets {
  os::Fd router;
  os::Fd shaper;
};

inline RingSockets make_ring_sockets() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    bug("socketpair");
  }
  return {os::Fd(ends[0]), os::Fd(ends[1])};
}

struct RingPair {
  RingSockets sockets = make_ring_sockets();
  os::FrameRing router;
  os::FrameConsumer shaper;
  os::RouterMemory* router_memory = nullptr;
  os::ShaperMemory* shaper_memory = nullptr;

  RingPair() { meet(1); }

  void meet(std::uint64_t generation) {
    auto offer = os::offer_rings(sockets.shaper, generation);
    if (!offer) bug(offer.error().operation);
    auto router_end = os::accept_rings(sockets.router);
    if (!router_end) bug(router_end.error().operation);
    auto shaper_end = os::finish_rings(sockets.shaper, std::move(*offer));
    if (!shaper_end) bug(shaper_end.error().operation);
    router_memory = static_cast<os::RouterMemory*>(router_end->mine.data());
    shaper_memory = static_cast<os::ShaperMemory*>(shaper_end->mine.data());
    router.attach(std::move(*router_end));
    shaper.attach(std::move(*shaper_end));
  }
};

inline os::FramePosting posting_to(std::uint16_t port, FlowId flow, std::uint16_t length) {
  os::FramePosting out;
  out.head.to.ip.bytes[15] = 1;  // ::1
  out.head.to.port = port;
  out.head.length = length;
  out.flow = flow;
  return out;
}

}  // namespace covfefe::tests
