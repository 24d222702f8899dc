// SPDX-License-Identifier: Apache-2.0
#include "wire/inner.h"

#include "wire/ip.h"

namespace covfefe::wire {
namespace {

using Next = std::optional<InnerFrame>;

Result<Next> parse_fragment(ByteView payload) {
  if (payload.size() <= kFragmentHead) return Reject::WrongLength;
  Reader in(payload);
  InnerFragment out;
  out.id = in.le<std::uint16_t>();
  out.index = in.le<std::uint8_t>();
  out.count = in.le<std::uint8_t>();
  out.bytes = in.take(in.remaining());
  if (out.count < 2 || out.index >= out.count) return Reject::WrongValue;
  return Next(out);
}

Result<Next> parse_ack(ByteView payload) {
  if (payload.size() != kInnerAck) return Reject::WrongLength;
  Reader in(payload);
  if (in.le<std::uint16_t>() != 0) return Reject::WrongValue;
  InnerAck out;
  out.delay = in.le<std::uint16_t>();
  out.received = in.le<std::uint32_t>();
  out.newest = in.le<std::uint64_t>();
  out.seen = in.le<std::uint64_t>();
  return Next(out);
}

Result<Next> parse_frame(InnerType type, ByteView payload) {
  switch (type) {
    case InnerType::Pad:
      return Next();
    case InnerType::Packet:
      if (payload.size() < kPackedHeader) return Reject::WrongLength;
      return Next(InnerPacket{payload});
    case InnerType::Fragment:
      return parse_fragment(payload);
    case InnerType::Ping:
      if (payload.size() != 8) return Reject::WrongLength;
      return Next(InnerPing{load_le<std::uint64_t>(payload.data())});
    case InnerType::Pong:
      if (payload.size() != 8) return Reject::WrongLength;
      return Next(InnerPong{load_le<std::uint64_t>(payload.data())});
    case InnerType::Close:
      if (!payload.empty()) return Reject::WrongLength;
      return Next(InnerClose{});
    case InnerType::Ack:
      return parse_ack(payload);
  }
  return Reject::WrongType;
}

}  // namespace

Result<Next> InnerReader::next() {
  if (rest_.empty()) return Next();
  Reader in(rest_);
  const auto type = static_cast<InnerType>(in.le<std::uint8_t>());
  if (type == InnerType::Pad) {
    rest_ = {};
    return Next();
  }
  const auto length = in.le<std::uint16_t>();
  const ByteView payload = in.take(length);
  const bool whole = !in.failed();
  rest_ = whole ? rest_.subspan(kInnerHead + length) : ByteView{};
  if (!whole) return Reject::WrongLength;
  auto frame = parse_frame(type, payload);
  if (!frame) rest_ = {};
  return frame;
}

MutableBytes InnerWriter::open(InnerType type, std::size_t payload) {
  out_.le(static_cast<std::uint8_t>(type));
  out_.le(static_cast<std::uint16_t>(payload));
  return out_.skip(payload);
}

bool InnerWriter::packet(ByteView ip_packet) {
  const std::size_t size = packed_size(ip_packet);
  if (!fits(size)) return false;
  return pack_ipv6(ip_packet, open(InnerType::Packet, size)) == size;
}

bool InnerWriter::add(const InnerFrame& frame) {
  struct Put {
    InnerWriter& to;
    bool operator()(const InnerPacket& f) const {
      if (!to.fits(f.packed.size())) return false;
      copy(f.packed, to.open(InnerType::Packet, f.packed.size()));
      return true;
    }
    bool operator()(const InnerFragment& f) const {
      const std::size_t size = kFragmentHead + f.bytes.size();
      if (!to.fits(size)) return false;
      Writer out(to.open(InnerType::Fragment, size));
      out.le(f.id);
      out.le(f.index);
      out.le(f.count);
      out.bytes(f.bytes);
      return true;
    }
    bool operator()(const InnerPing& f) const { return token(InnerType::Ping, f.token); }
    bool operator()(const InnerPong& f) const { return token(InnerType::Pong, f.token); }
    bool operator()(const InnerClose&) const {
      if (!to.fits(0)) return false;
      to.open(InnerType::Close, 0);
      return true;
    }
    bool operator()(const InnerAck& f) const {
      if (!to.fits(kInnerAck)) return false;
      Writer out(to.open(InnerType::Ack, kInnerAck));
      out.le(std::uint16_t{0});
      out.le(f.delay);
      out.le(f.received);
      out.le(f.newest);
      out.le(f.seen);
      return true;
    }
    [[nodiscard]] bool token(InnerType type, std::uint64_t value) const {
      if (!to.fits(8)) return false;
      store_le(to.open(type, 8).data(), value);
      return true;
    }
  };
  return std::visit(Put{*this}, frame);
}

MutableBytes InnerWriter::finish() {
  if (out_.room() != 0) out_.le(static_cast<std::uint8_t>(InnerType::Pad));
  return out_.skip(out_.room());
}

}  // namespace covfefe::wire
