// SPDX-License-Identifier: Apache-2.0
// What the records, replies and payloads of a circuit build say (Steps B1 to B9,
// covfefe-protocol(7); B4, B5). Fixed lengths, no state, no allocation. The crypto around them is
// crypto/build.h; views are borrowed.
//
//   record 80:   version 1, flags 1, class 1, zero 1, made_at 4, rate 4, duration 4, lifetime 4,
//                least rate 4, delta 8, next-hop handle 16, ticket 16, zero 16
//   reply 80:    status 1, flags 1, zero 2, rate 4, until 4, lease 4, zero 64
//   payload 624: kind 1, zero 7, then by kind; the rest random
//   answer 608:  kind 1, zero 7, then by kind; the rest random
#pragma once

#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/limits.h"

namespace covfefe::wire {

inline constexpr std::size_t kBuildRecord = 80;
inline constexpr std::size_t kBuildPayload = 624;
inline constexpr std::size_t kBuildAnswer = 608;
inline constexpr std::size_t kHandleSize = 16;

using Handle = ByteArray<kHandleSize>;  // names a hop at the hop before it; random, never zero

enum class CircuitClass : std::uint8_t { Realtime = 1, Bulk = 2 };  // the lane of its cells (L11)

struct BuildRecord {
  bool terminal = false;
  bool accept_less = false;
  CircuitClass circuit_class = CircuitClass::Bulk;
  std::uint32_t made_at = 0;     // Unix seconds, a multiple of 60
  std::uint32_t rate = 0;        // B/s of wire bytes, 0 or a power of two
  std::uint32_t least_rate = 0;  // likewise, not above rate
  std::uint32_t duration = 0;    // seconds: 0 (no reservation) or of the ladder 60/600/3600/14400
  std::uint32_t lifetime = 0;    // seconds, of the ladder
  std::uint64_t delta = 0;
  Handle next{};           // zero exactly when terminal
  ByteArray<16> ticket{};  // random until tickets mean something
  bool operator==(const BuildRecord&) const = default;
};

enum class BuildStatus : std::uint8_t {
  Granted = 0,
  Refused = 2,      // no reason given
  NoNext = 3,       // the handle names nobody (any more)
  NextDown = 4,     // the link to the next hop is down, or it did not answer
  Overloaded = 5,   // a bound is reached; try again later
  NotRelaying = 6,  // this node passes nobody's circuits
  NoCapacity = 7,   // it keeps no such rate; the reply's rate is the most it would have kept
};

struct BuildReply {
  BuildStatus status = BuildStatus::Granted;
  bool less = false;        // granted, but less than asked
  std::uint32_t rate = 0;   // 0 when refused for another reason than NoCapacity
  std::uint32_t until = 0;  // Unix seconds, of the circuit; 0 when refused, as the next
  std::uint32_t lease = 0;  // 0: nothing is kept
  bool operator==(const BuildReply&) const = default;
};

[[nodiscard]] Result<BuildRecord> parse_build_record(ByteView bytes);
// WrongType: another version. WrongValue: not in the ranges given above, or a spare byte not zero.
void write_build_record(const BuildRecord& record, MutableBytes out);
// out: kBuildRecord bytes. A record that parse_build_record would refuse is the caller's bug and is
// written as it is; likewise below.
[[nodiscard]] Result<BuildReply> parse_build_reply(ByteView bytes);
void write_build_reply(const BuildReply& reply, MutableBytes out);
// A status that this version does not know parses as Refused, whatever stands behind it.

struct OpenSession {  // a new end-to-end session (A7)
  ByteArray<kSessionMsg1> noise{};
};
struct AttachCircuit {     // one more circuit for a session that exists
  ByteArray<8> session{};  // names it at this end
  ByteArray<8> counter{};  // never twice in a session
  ByteArray<16> token{};   // AEAD tag under a session key over the build's last ephemeral
};
struct ProbeHop {};  // measures the way to here; answered at once, the circuit carries nothing
using BuildPayload = std::variant<OpenSession, AttachCircuit, ProbeHop>;

struct NoService {};  // wrong address, strangers refused, or no such session: not told apart
struct SessionOpened {
  ByteArray<kSessionMsg2> noise{};
};
struct CircuitAttached {
  ByteArray<16> token{};  // the same over the answer: proves that this end has the session
};
struct HopProbed {};
using BuildAnswer = std::variant<NoService, SessionOpened, CircuitAttached, HopProbed>;

[[nodiscard]] Result<BuildPayload> parse_build_payload(ByteView bytes);
[[nodiscard]] std::size_t write_build_payload(const BuildPayload& payload, MutableBytes out);
// Bytes written; the caller fills the rest with random ones. Likewise below.
[[nodiscard]] Result<BuildAnswer> parse_build_answer(ByteView bytes);
[[nodiscard]] std::size_t write_build_answer(const BuildAnswer& answer, MutableBytes out);

}  // namespace covfefe::wire
