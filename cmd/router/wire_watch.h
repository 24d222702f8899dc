// SPDX-License-Identifier: Apache-2.0
// Says when datagrams wait on the wire's sockets. Where all that a socket brings is refused, a
// flood, it is read every half millisecond instead of at every datagram: being woken costs more
// than refusing one. The first datagram that is a friend's ends that. Thread: data.
#pragma once

#include <array>
#include <functional>

#include "loop/loop.h"
#include "resources.h"

namespace covfefe::router {

class WireWatch {
 public:
  static constexpr Duration kFloodTurn = Duration::micros(500);

  using Read = std::function<void(std::size_t)>;
  SysResult<void> start(loop::Loop& loop, const std::array<os::Fd, kWireSockets>& wire, Read read);
  // The descriptors are borrowed. `read` gets the socket's number and calls saw().

  enum class Crop : std::uint8_t { Nothing, Refused, Heeded };
  void saw(std::size_t socket, Crop crop, Instant now);
  // What reading the socket brought: Refused if nothing of it was heeded.

 private:
  struct Socket {
    loop::Watch watch;
    Instant refused_at;  // the last time that all was
    bool resting = false;
  };
  void on_turn();

  Read read_;
  std::array<Socket, kWireSockets> sockets_;
  loop::Timer timer_;
};

}  // namespace covfefe::router
