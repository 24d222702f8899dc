// SPDX-License-Identifier: Apache-2.0
#include "rpc/control_codec.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>
#include <schema/control.capnp.h>

#include <array>

#include "rpc/convert.h"
#include "rpc/discovery_codec.h"
#include "rpc/promise_codec.h"

namespace covfefe::rpc {
namespace {

constexpr std::size_t kWords = wire::kControlMostLarge / sizeof(capnp::word);
constexpr std::size_t kFrameHead = 8;  // segment count less one, its size in words
constexpr std::uint64_t kTraversal = 256;
constexpr int kNesting = 4;

using Words = std::array<capnp::word, kWords>;

// ---- values to builders

void write(const wire::Hello& from, schema::Control::Builder to) {
  auto hello = to.initHello();
  hello.setVersion(from.version);
  hello.setIdle(static_cast<schema::Control::Idle>(from.idle));
  auto sockets = hello.initDataSockets(static_cast<capnp::uint>(from.data_sockets.size()));
  for (capnp::uint i = 0; i < sockets.size(); ++i) {
    const wire::DataSocket& socket = from.data_sockets[i];
    sockets[i].setPort(socket.port);
    sockets[i].setClass(static_cast<schema::Control::Class>(socket.socket_class));
    sockets[i].setDirection(static_cast<schema::Control::Direction>(socket.direction));
  }
}

template <typename Offer>
void write_offer(const Offer& from, schema::Control::RekeyOffer::Builder to) {
  to.setIndex(from.index.value);
  to.setNoise(as_data(from.noise));
}

void write(const wire::RekeyOffer& from, schema::Control::Builder to) {
  write_offer(from, to.initRekeyOffer());
}
void write(const wire::RekeyAnswer& from, schema::Control::Builder to) {
  write_offer(from, to.initRekeyAnswer());
}

void write(const wire::DirectOpen& from, schema::Control::Builder to) {
  auto open = to.initDirectOpen();
  open.setCircuit(from.circuit.value);
  open.setSalt(as_data(from.salt));
  open.setNoise(as_data(from.noise));
}

void write(const wire::DirectOpened& from, schema::Control::Builder to) {
  auto opened = to.initDirectOpened();
  opened.setYourCircuit(from.your_circuit.value);
  opened.setMyCircuit(from.my_circuit.value);
  opened.setSalt(as_data(from.salt));
  opened.setNoise(as_data(from.noise));
}

void write(const wire::DirectRefused& from, schema::Control::Builder to) {
  auto refused = to.initDirectRefused();
  refused.setYourCircuit(from.your_circuit.value);
  refused.setReason(static_cast<std::uint8_t>(from.reason));
}

void write(const wire::ProbeSeen& from, schema::Control::Builder to) {
  to.initProbeSeen().setToken(from.token);
}

// ---- readers to values

Result<wire::Control> read(schema::Control::Hello::Reader from) {
  wire::Hello out;
  out.version = from.getVersion();
  const auto idle = static_cast<std::uint16_t>(from.getIdle());
  if (idle > 2) return Reject::WrongValue;
  out.idle = static_cast<wire::IdleProfile>(idle);
  const auto sockets = from.getDataSockets();
  if (sockets.size() > wire::kDataSocketsMost) return Reject::WrongLength;
  for (const auto socket : sockets) {
    const auto socket_class = static_cast<std::uint16_t>(socket.getClass());
    const auto direction = static_cast<std::uint16_t>(socket.getDirection());
    if (socket.getPort() == 0 || socket_class > 1 || direction > 2) return Reject::WrongValue;
    out.data_sockets.push_back({socket.getPort(), static_cast<wire::SocketClass>(socket_class),
                                static_cast<wire::Direction>(direction)});
  }
  return wire::Control{out};
}

template <typename Offer>
Result<wire::Control> read_offer(schema::Control::RekeyOffer::Reader from) {
  Offer out;
  out.index = {from.getIndex()};
  if (out.index.value < wire::kFirstReceiverIndex) return Reject::WrongValue;
  if (!take(from.getNoise(), out.noise)) return Reject::WrongLength;
  return wire::Control{out};
}

Result<wire::Control> read(schema::Control::DirectOpen::Reader from) {
  wire::DirectOpen out;
  out.circuit = {from.getCircuit()};
  if (out.circuit.value == 0) return Reject::WrongValue;
  if (!take(from.getSalt(), out.salt) || !take(from.getNoise(), out.noise)) {
    return Reject::WrongLength;
  }
  return wire::Control{out};
}

Result<wire::Control> read(schema::Control::DirectOpened::Reader from) {
  wire::DirectOpened out;
  out.your_circuit = {from.getYourCircuit()};
  out.my_circuit = {from.getMyCircuit()};
  if (out.your_circuit.value == 0 || out.my_circuit.value == 0) return Reject::WrongValue;
  if (!take(from.getSalt(), out.salt) || !take(from.getNoise(), out.noise)) {
    return Reject::WrongLength;
  }
  return wire::Control{out};
}

Result<wire::Control> read(schema::Control::DirectRefused::Reader from) {
  if (from.getYourCircuit() == 0 || from.getReason() > 2) return Reject::WrongValue;
  return wire::Control{wire::DirectRefused{{from.getYourCircuit()},
                                           static_cast<wire::DirectRefusal>(from.getReason())}};
}

Result<wire::Control> read(schema::Control::Reader from) {
  switch (from.which()) {
    case schema::Control::HELLO:
      return read(from.getHello());
    case schema::Control::REKEY_OFFER:
      return read_offer<wire::RekeyOffer>(from.getRekeyOffer());
    case schema::Control::REKEY_ANSWER:
      return read_offer<wire::RekeyAnswer>(from.getRekeyAnswer());
    case schema::Control::DIRECT_OPEN:
      return read(from.getDirectOpen());
    case schema::Control::DIRECT_OPENED:
      return read(from.getDirectOpened());
    case schema::Control::DIRECT_REFUSED:
      return read(from.getDirectRefused());
    case schema::Control::PROBE_SEEN:
      return wire::Control{wire::ProbeSeen{from.getProbeSeen().getToken()}};
    case schema::Control::OFFER:
      return rpc::read(from.getOffer());
    case schema::Control::DESCRIPTORS_GET:
      return rpc::read(from.getDescriptorsGet());
    case schema::Control::DESCRIPTORS:
      return rpc::read(from.getDescriptors());
    case schema::Control::DESCRIPTORS_CHANGED:
      return rpc::read(from.getDescriptorsChanged());
    case schema::Control::NAME_ASK:
      return rpc::read(from.getNameAsk());
    case schema::Control::NAME_ANSWER:
      return rpc::read(from.getNameAnswer());
    case schema::Control::NEED:
      return rpc::read(from.getNeed());
    case schema::Control::ACK:
      return rpc::read(from.getAck());
    case schema::Control::NAK:
      return rpc::read(from.getNak());
    case schema::Control::EXTEND:
      return rpc::read(from.getExtend());
    case schema::Control::RELEASE:
      return rpc::read(from.getRelease());
    case schema::Control::ONLINE_UNTIL:
      return read_online_until(from.getOnlineUntil());
    case schema::Control::LEAVING:
      return read_leaving(from.getLeaving());
    case schema::Control::PLEASE:
      return rpc::read(from.getPlease());
  }
  return Reject::WrongType;
}

}  // namespace

std::size_t ControlCodec::encode(const wire::Control& control, MutableBytes out) {
  Words scratch{};  // a message builder demands zeroed memory
  capnp::MallocMessageBuilder message(kj::arrayPtr(scratch.data(), scratch.size()));
  std::visit(
      [root = message.initRoot<schema::Control>()](const auto& value) { write(value, root); },
      control.message);
  const auto segments = message.getSegmentsForOutput();
  if (segments.size() != 1) return 0;
  const auto body = segments[0].asBytes();
  if (kFrameHead + body.size() > out.size()) return 0;
  store_le<std::uint32_t>(out.data(), 0);
  store_le<std::uint32_t>(out.data() + 4, static_cast<std::uint32_t>(segments[0].size()));
  copy({body.begin(), body.size()}, out.subspan(kFrameHead));
  return kFrameHead + body.size();
}

Result<wire::Control> ControlCodec::decode(ByteView bytes) {
  if (bytes.size() < kFrameHead || bytes.size() > wire::kControlMostLarge) {
    return Reject::WrongLength;
  }
  const ByteView body = bytes.subspan(kFrameHead);
  if (load_le<std::uint32_t>(bytes.data()) != 0) return Reject::WrongValue;
  if (body.size() % sizeof(capnp::word) != 0 ||
      load_le<std::uint32_t>(bytes.data() + 4) != body.size() / sizeof(capnp::word)) {
    return Reject::WrongLength;
  }
  Words aligned{};
  copy(body, {reinterpret_cast<std::uint8_t*>(aligned.data()), sizeof(aligned)});
  Result<wire::Control> out = Reject::WrongValue;
  // The exception of a lying pointer is thrown and caught in here.
  const auto failed = kj::runCatchingExceptions([&] {
    const kj::ArrayPtr<const capnp::word> segment(aligned.data(),
                                                  body.size() / sizeof(capnp::word));
    const kj::ArrayPtr<const capnp::word> segments[] = {segment};
    capnp::ReaderOptions options;
    options.traversalLimitInWords = kTraversal;
    options.nestingLimit = kNesting;
    capnp::SegmentArrayMessageReader message(segments, options);
    out = read(message.getRoot<schema::Control>());
  });
  if (failed != nullptr) return Reject::WrongValue;
  return out;
}

}  // namespace covfefe::rpc
