// SPDX-License-Identifier: Apache-2.0
// What two friends' routers say to each other in CONTROL frames, as values (schema/control.capnp is
// the encoded form; lib/rpc holds the codec). Every value here has been checked for lengths and
// ranges, not for sense.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/address.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/inline_vec.h"
#include "base/result.h"
#include "wire/descriptor.h"
#include "wire/limits.h"
#include "wire/promises.h"

namespace covfefe::wire {

enum class SocketClass : std::uint8_t { Bulk, Realtime };
enum class Direction : std::uint8_t { Both, ReceiveOnly, SendOnly };

struct DataSocket {
  std::uint16_t port = 0;  // never 0
  SocketClass socket_class = SocketClass::Bulk;
  Direction direction = Direction::Both;
  bool operator==(const DataSocket&) const = default;
};

enum class IdleProfile : std::uint8_t { Off = 0, AlwaysOn = 1, Metered = 2 };

struct Hello {
  std::uint16_t version = 1;
  InlineVec<DataSocket, kDataSocketsMost> data_sockets;
  IdleProfile idle = IdleProfile::Off;  // the sender's idle lane towards the receiver
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

// ---- discovery (Steps D1 to D12, covfefe-protocol(7)) -------------------------------------------

inline constexpr std::size_t kFriendNameMost = 63;

[[nodiscard]] bool is_friend_name(std::string_view name);
// 1..kFriendNameMost of [a-z0-9-], no hyphen first or last.

enum class Shown : std::uint8_t { Hidden = 0, RelayOnly = 1, Reachable = 2 };

struct OfferedKey {
  ByteArray<32> key{};         // never zero
  std::int64_t not_after = 0;  // Unix seconds, above 0
  bool operator==(const OfferedKey&) const = default;
};
struct Offer {  // what the sender allows the receiver to say of it
  Shown shown = Shown::Hidden;
  std::uint8_t rate = 0;          // as in a descriptor
  InlineVec<OfferedKey, 2> keys;  // the sender's onion keys
};
struct DescriptorsGet {
  std::uint32_t generation = 0;  // of the list that is being fetched, 0: whichever is newest
  std::uint16_t from = 0;        // place in the list, below kDescriptorsMost
};
struct Descriptors {             // one page
  std::uint32_t generation = 0;  // never 0
  std::uint32_t epoch = 0;
  std::uint16_t total = 0;  // of the list, at most kDescriptorsMost
  std::uint16_t from = 0;   // place of the first entry; entries end within total
  InlineVec<Descriptor, kDescriptorsInMessage> entries;
};
struct DescriptorsChanged {
  std::uint32_t generation = 0;  // of the list that the sender serves now; never 0
};
struct NameAsk {
  std::uint32_t token = 0;
  std::string name;  // is_friend_name()
};
struct NameAnswer {
  std::uint32_t token = 0;         // NameAsk::token
  std::optional<Address> address;  // an overlay address; nothing: no friend that may be named
};

struct Control {
  std::variant<Hello, RekeyOffer, RekeyAnswer, DirectOpen, DirectOpened, DirectRefused, ProbeSeen,
               Offer, DescriptorsGet, Descriptors, DescriptorsChanged, NameAsk, NameAnswer, Need,
               Ack, Nak, Extend, Release, OnlineUntil, Leaving, Please>
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
