// SPDX-License-Identifier: Apache-2.0
// What two friends' routers say to each other in CONTROL frames, as values (schema/control.capnp is
// the encoded form; lib/rpc holds the codec). Every value here has been checked for lengths and
// ranges, not for sense.
#pragma once

#include <variant>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/inline_vec.h"
#include "base/result.h"
#include "wire/limits.h"

namespace covfefe::wire {

enum class SocketClass : std::uint8_t { Bulk, Realtime };
enum class Direction : std::uint8_t { Both, ReceiveOnly, SendOnly };

struct DataSocket {
  std::uint16_t port = 0;  // never 0
  SocketClass socket_class = SocketClass::Bulk;
  Direction direction = Direction::Both;
  bool operator==(const DataSocket&) const = default;
};

struct Hello {
  std::uint16_t version = 1;
  InlineVec<DataSocket, kDataSocketsMost> data_sockets;
};
struct RekeyOffer {
  ReceiverIndex index;  // of the new session, issued by the sender
  ByteArray<kRekeyMessage> noise{};
};
struct RekeyAnswer {
  ReceiverIndex index;
  ByteArray<kRekeyMessage> noise{};
};
struct DirectOpen {
  CircuitId circuit;  // the id that the sender wants to receive; never 0
  ByteArray<32> salt{};
  ByteArray<kSessionMsg1> noise{};
};
struct DirectOpened {
  CircuitId your_circuit;  // DirectOpen::circuit
  CircuitId my_circuit;
  ByteArray<32> salt{};
  ByteArray<kSessionMsg2> noise{};
};
enum class DirectRefusal : std::uint8_t { NoService = 0, Overloaded = 1, NotNow = 2 };
struct DirectRefused {
  CircuitId your_circuit;
  DirectRefusal reason = DirectRefusal::NoService;
};
struct ProbeSeen {
  std::uint64_t token = 0;  // of the PAD cell that arrived
};

struct Control {
  std::variant<Hello, RekeyOffer, RekeyAnswer, DirectOpen, DirectOpened, DirectRefused, ProbeSeen>
      message;
};

class ControlCodec {
 public:
  virtual ~ControlCodec() = default;
  virtual std::size_t encode(const Control& control, MutableBytes out) = 0;
  // Bytes written, 0 when it does not fit.
  virtual Result<Control> decode(ByteView bytes) = 0;
  // Hostile input. Never throws.
};
// Thread: the caller's; an implementation may keep scratch space between calls.

}  // namespace covfefe::wire
