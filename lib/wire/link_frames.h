// SPDX-License-Identifier: Apache-2.0
// What the body of a link-circuit cell (circuit 0) holds: exactly one frame, then random bytes
// (Step C2, covfefe-protocol(7)). Views are borrowed from the body.
//
//   0 PAD             type 1, zero 7, token 8 (0: nobody asks)
//   1 CONTROL         type 1, zero 1, length 2, seq 4, ack 4, zero 4, message
//   2 BUILD, 3 BUILT  type 1, zero 3, your circuit 4, my circuit 4, zero 4, packet 1264  (L only)
//   4 DESTROY         type 1, reason 1, zero 2, circuit 4, zero 8
//   5 FRAG            type 1, zero 1, id 2, index 1, count 1, length 2, bytes
//   6 PATH_CHALLENGE  type 1, pace 1, zero 6, token 8
//   7 PATH_RESPONSE   type 1, zero 7, token 8
//   8 REPORT          type 1, pace 1, zero 2, stamp 4, echo 4, held 4, heard 4, cells 4,
//                     cells at the echo 4, zero 4, bytes 8
#pragma once

#include <variant>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/limits.h"

namespace covfefe::wire {

enum class FrameType : std::uint8_t {
  Pad = 0,
  Control = 1,
  Build = 2,
  Built = 3,
  Destroy = 4,
  Frag = 5,
  PathChallenge = 6,
  PathResponse = 7,
  Report = 8,
};

enum class DestroyReason : std::uint8_t {  // coarse on purpose: nine codes, no more
  Done = 0,
  PeerRestart = 1,
  BadTag = 2,
  Expired = 3,
  Overloaded = 4,
  LinkLost = 5,
  Refused = 6,
  Unknown = 7,    // no such circuit here
  LeaseOnly = 8,  // the circuit goes on, but its lease is over (Step Q6, covfefe-protocol(7))
};

struct PadFrame {
  std::uint64_t token = 0;  // not 0: answer with ProbeSeen (A25)
};
struct ControlFrame {
  std::uint32_t seq = 0;  // 0 exactly when message is empty: an acknowledgement alone
  std::uint32_t ack = 0;  // all messages up to this one have arrived
  ByteView message;
  std::uint16_t from = 0;  // the sender's channel, random, never 0 (Step K6)
  std::uint16_t to = 0;    // the receiver's channel as the sender knows it, 0 = not yet
};
struct BuildFrame {
  CircuitId mine;   // the id that the sender wants to receive; never 0
  ByteView packet;  // kBuildPacket
};
struct BuiltFrame {
  CircuitId yours;  // BuildFrame::mine
  CircuitId mine;
  ByteView packet;
};
struct DestroyFrame {
  CircuitId circuit;  // issued by the receiver of this frame; never 0
  DestroyReason reason = DestroyReason::Done;
};
struct FragFrame {
  std::uint16_t id = 0;
  std::uint8_t index = 0;
  std::uint8_t count = 0;  // 1..kFragCount, index < count
  ByteView bytes;          // 1..kFragMost
};
enum class AnswerPace : std::uint8_t {  // Step R6
  AtOnce = 0,
  InSlot = 1,  // of the idle lane: the time to the answer says nothing
};
struct PathChallengeFrame {
  std::uint64_t token = 0;
  AnswerPace pace = AnswerPace::AtOnce;
};
struct PathResponseFrame {
  std::uint64_t token = 0;  // the challenge's
};

inline constexpr std::uint32_t kNothingHeld = 0xffff'ffff;

struct ReportFrame {                     // Step R8; times in microseconds
  std::uint32_t stamp = 0;               // the sender's clock at sealing, mod 2^32
  std::uint32_t echo = 0;                // the receiver's stamp that came last
  std::uint32_t held = kNothingHeld;     // since it came; kNothingHeld: none did
  std::uint32_t heard = 0;               // since the newest cell came
  std::uint32_t cells = 0;               // that came in all, mod 2^32
  std::uint32_t cells_at_echo = 0;       // until the echoed report, itself included
  std::uint64_t bytes = 0;               // UDP payload of all cells that came
  AnswerPace pace = AnswerPace::AtOnce;  // InSlot: it may have waited since `stamp`
};

using LinkFrame = std::variant<PadFrame, ControlFrame, BuildFrame, BuiltFrame, DestroyFrame,
                               FragFrame, PathChallengeFrame, PathResponseFrame, ReportFrame>;

[[nodiscard]] Result<LinkFrame> parse_link_frame(ByteView body);
// body is kLargeBody or kSmallBody bytes.

[[nodiscard]] std::size_t write_link_frame(const LinkFrame& frame, MutableBytes body);
// Bytes written, 0 when the frame does not fit this body (then nothing is written). The caller
// fills the rest with random bytes.

}  // namespace covfefe::wire
