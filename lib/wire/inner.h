// SPDX-License-Identifier: Apache-2.0
// The plaintext of an end-to-end session cell: frames {type 1, length 2, payload}, one after the
// other until the plaintext ends or a PAD type byte says that the rest is random (Step E6,
// covfefe-protocol(7)). No allocation; views are borrowed.
#pragma once

#include <optional>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/limits.h"

namespace covfefe::wire {

enum class InnerType : std::uint8_t {
  Pad = 0,
  Packet = 1,
  Fragment = 2,
  Ping = 3,
  Pong = 4,
  Close = 5,
  Ack = 6,
};

struct InnerPacket {
  ByteView packed;  // wire/ip.h's packed form; at least kPackedHeader bytes
};
struct InnerFragment {
  std::uint16_t id = 0;
  std::uint8_t index = 0;
  std::uint8_t count = 0;  // 2 and up, index < count
  ByteView bytes;          // of a packed packet; never empty
};
struct InnerPing {
  std::uint64_t token = 0;
};
struct InnerPong {
  std::uint64_t token = 0;
};
struct InnerClose {};
struct InnerAck {              // Step S3, covfefe-protocol(7)
  std::uint16_t delay = 0;     // since the newest came, in 100 us
  std::uint32_t received = 0;  // cells that came on the leg, modulo 2^32
  std::uint64_t newest = 0;    // hop counter at the circuit's destination; names the leg
  std::uint64_t seen = 0;      // bit i: newest - 1 - i came too
};

using InnerFrame =
    std::variant<InnerPacket, InnerFragment, InnerPing, InnerPong, InnerClose, InnerAck>;

class InnerReader {
 public:
  explicit InnerReader(ByteView plain) : rest_(plain) {}
  [[nodiscard]] Result<std::optional<InnerFrame>> next();
  // The next frame, or nothing at the end. After a failure the rest of the plaintext is void.

 private:
  ByteView rest_;
};

class InnerWriter {
 public:
  explicit InnerWriter(MutableBytes plain) : out_(plain) {}

  [[nodiscard]] bool empty() const { return out_.written() == 0; }
  [[nodiscard]] bool fits(std::size_t payload) const { return out_.room() >= kInnerHead + payload; }
  // payload: bytes behind the frame's own 3.

  [[nodiscard]] bool packet(ByteView ip_packet);
  // Packs a packet that parse_ipv6 accepted. This and the next: false, and nothing written, when it
  // does not fit.
  [[nodiscard]] bool add(const InnerFrame& frame);

  [[nodiscard]] MutableBytes finish();
  // Ends the frames; returns the bytes behind them, which the caller fills with random ones.

 private:
  MutableBytes open(InnerType type, std::size_t payload);
  Writer out_;
};

inline constexpr std::size_t kInnerAck = 24;  // zero 2, delay 2, received 4, newest 8, seen 8

inline constexpr std::size_t fragment_most(std::size_t plain) {
  return plain - kInnerHead - kFragmentHead;
}
// Bytes of one fragment in an otherwise empty plaintext.

}  // namespace covfefe::wire
