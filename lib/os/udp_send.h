// SPDX-License-Identifier: Apache-2.0
// The sending side of the wire sockets: many datagrams per system call, runs to one destination as
// one train that the kernel cuts (UDP GSO, A17). Nothing the network or the kernel answers is
// fatal: a datagram is sent, refused or, if the socket's buffer is full, left to the caller.
// Thread: data. send() allocates nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

inline constexpr std::size_t kSendBatch = 256;      // datagrams per call of send()
inline constexpr std::size_t kTrainMost = 64;       // UDP_MAX_SEGMENTS of all kernels with GSO
inline constexpr std::size_t kTrainBytes = 65'507;  // largest UDP payload over IPv4

struct OutDatagram {
  ByteView bytes;  // handed to the kernel as they are; another process may be changing them
  Endpoint to;
  Address from;                      // all zero: the kernel chooses
  std::uint32_t from_interface = 0;  // with `from` only; 0 = any
  std::uint8_t socket = 0;           // index into the sockets of the constructor
};

[[nodiscard]] std::size_t train_length(std::span<const OutDatagram> datagrams);
// How many from the front can leave as one train: same socket, destination, source and size, of
// which the last may be shorter; at most min(kTrainMost, kTrainBytes / size). 1 or more.

struct UdpSendCounters {
  std::uint64_t datagrams = 0;
  std::uint64_t bytes = 0;      // UDP payload
  std::uint64_t trains = 0;     // messages of more than one datagram
  std::uint64_t calls = 0;      // sendmmsg(2)
  std::uint64_t refused = 0;    // datagrams that the kernel would not take
  std::uint64_t blocked = 0;    // times a socket's buffer was full
  std::uint64_t resourced = 0;  // sent after their source address turned out to be gone
};

class UdpSender {
 public:
  static SysResult<UdpSender> create(std::vector<Fd> sockets);
  // Unconnected UDP sockets, IPv6 or IPv4; only flags of single calls are used on them, never
  // options (A21).

  UdpSender(UdpSender&&) noexcept;
  UdpSender& operator=(UdpSender&&) noexcept;
  ~UdpSender();

  struct Progress {
    std::size_t done = 0;  // datagrams from the front that are sent or refused
    bool blocked = false;  // the socket of the next one takes nothing now: wait until writable
  };
  [[nodiscard]] Progress send(std::span<const OutDatagram> batch, std::span<bool> sent);
  // In order, at most kSendBatch. sent[i] is set for the first `done`; false = refused.

  [[nodiscard]] const Fd& socket(std::size_t index) const;
  [[nodiscard]] std::size_t sockets() const;
  [[nodiscard]] bool trains_allowed(std::size_t index) const;
  // False once the kernel refused a train that it took in single datagrams.
  [[nodiscard]] const UdpSendCounters& counters() const { return counters_; }

 private:
  struct Socket;
  struct Buffers;
  UdpSender(std::vector<Socket> sockets, std::unique_ptr<Buffers> buffers);

  [[nodiscard]] std::size_t prepare_run(std::span<const OutDatagram> run);
  [[nodiscard]] std::size_t send_run(std::span<const OutDatagram> run, std::span<bool> sent);
  [[nodiscard]] std::size_t after_error(std::span<const OutDatagram> train, std::span<bool> sent);
  [[nodiscard]] int send_plain(const OutDatagram& datagram);
  void note_sent(const OutDatagram& datagram);

  std::vector<Socket> sockets_;
  std::unique_ptr<Buffers> buffers_;
  UdpSendCounters counters_;
};

}  // namespace covfefe::os
