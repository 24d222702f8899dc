// SPDX-License-Identifier: Apache-2.0
#include "wire/handshake.h"

#include "base/check.h"

namespace covfefe::wire {
namespace {

enum : std::uint32_t { kTypeInitiation = 1, kTypeResponse = 2, kTypeCookieReply = 3 };

Result<void> expect(ByteView datagram, DatagramKind kind) {
  const auto found = classify(datagram);
  if (!found) return found.error();
  if (*found != kind) return Reject::WrongType;
  return {};
}

bool issued(std::uint32_t index) {
  return index >= kFirstReceiverIndex;
}

}  // namespace

Result<DatagramKind> classify(ByteView datagram) {
  if (datagram.size() != kSmallDatagram && datagram.size() != kLargeDatagram &&
      datagram.size() != kCookieReplySize) {
    return Reject::WrongLength;
  }
  const auto word = load_le<std::uint32_t>(datagram.data());
  if (word == kTypeCookieReply) {
    if (datagram.size() != kCookieReplySize) return Reject::WrongLength;
    return DatagramKind::CookieReply;
  }
  if (word == kTypeInitiation || word == kTypeResponse) {
    if (datagram.size() != kInitiationSize) return Reject::WrongLength;
    return word == kTypeInitiation ? DatagramKind::Initiation : DatagramKind::Response;
  }
  if (!issued(word)) return Reject::WrongType;
  if (datagram.size() == kCookieReplySize) return Reject::WrongLength;
  return datagram.size() == kLargeDatagram ? DatagramKind::LargeCell : DatagramKind::SmallCell;
}

Result<Initiation> parse_initiation(ByteView datagram) {
  if (const auto good = expect(datagram, DatagramKind::Initiation); !good) return good.error();
  Reader in(datagram.subspan(4));
  Initiation out;
  out.sender = in.le<std::uint32_t>();
  out.noise = in.take(kInitiationNoise);
  if (!issued(out.sender)) return Reject::WrongValue;
  return out;
}

Result<Response> parse_response(ByteView datagram) {
  if (const auto good = expect(datagram, DatagramKind::Response); !good) return good.error();
  Reader in(datagram.subspan(4));
  Response out;
  out.sender = in.le<std::uint32_t>();
  out.receiver = in.le<std::uint32_t>();
  out.noise = in.take(kResponseNoise);
  if (!issued(out.sender) || !issued(out.receiver)) return Reject::WrongValue;
  return out;
}

Result<CookieReply> parse_cookie_reply(ByteView datagram) {
  if (const auto good = expect(datagram, DatagramKind::CookieReply); !good) return good.error();
  Reader in(datagram.subspan(4));
  CookieReply out;
  out.receiver = in.le<std::uint32_t>();
  out.nonce = in.take(kCookieNonce);
  out.sealed = in.take(kCookieSize + kTagSize);
  if (!issued(out.receiver)) return Reject::WrongValue;
  return out;
}

void write_initiation(const Initiation& message, std::span<std::uint8_t, kInitiationSize> out) {
  CHECK(message.noise.size() == kInitiationNoise);
  Writer to(out);
  to.le<std::uint32_t>(kTypeInitiation);
  to.le(message.sender);
  to.bytes(message.noise);
  to.bytes(ByteArray<2 * kMacSize>{});
}

void write_response(const Response& message, std::span<std::uint8_t, kResponseSize> out) {
  CHECK(message.noise.size() == kResponseNoise);
  Writer to(out);
  to.le<std::uint32_t>(kTypeResponse);
  to.le(message.sender);
  to.le(message.receiver);
  to.bytes(message.noise);
  to.bytes(ByteArray<2 * kMacSize>{});
}

void write_cookie_reply(const CookieReply& message, std::span<std::uint8_t, kCookieReplySize> out) {
  CHECK(message.nonce.size() == kCookieNonce && message.sealed.size() == kCookieSize + kTagSize);
  Writer to(out);
  to.le<std::uint32_t>(kTypeCookieReply);
  to.le(message.receiver);
  to.bytes(message.nonce);
  to.bytes(message.sealed);
}

Result<InitiationPayload> parse_initiation_payload(ByteView plain) {
  if (plain.size() != kInitiationPayload) return Reject::WrongLength;
  Reader in(plain);
  InitiationPayload out;
  out.timestamp = in.array<kTimestampSize>();
  out.boot_id = in.array<kBootIdSize>();
  out.version = in.le<std::uint16_t>();
  out.flags = in.le<std::uint16_t>();
  if (out.version == 0) return Reject::WrongType;
  if (!all_zero(in.take(in.remaining()))) return Reject::WrongValue;
  return out;
}

Result<ResponsePayload> parse_response_payload(ByteView plain) {
  if (plain.size() != kResponsePayload) return Reject::WrongLength;
  Reader in(plain);
  ResponsePayload out;
  out.boot_id = in.array<kBootIdSize>();
  out.version = in.le<std::uint16_t>();
  out.flags = in.le<std::uint16_t>();
  if (out.version == 0) return Reject::WrongType;
  if (!all_zero(in.take(in.remaining()))) return Reject::WrongValue;
  return out;
}

ByteArray<kInitiationPayload> write_payload(const InitiationPayload& payload) {
  ByteArray<kInitiationPayload> out{};
  Writer to(out);
  to.bytes(payload.timestamp);
  to.bytes(payload.boot_id);
  to.le(payload.version);
  to.le(payload.flags);
  return out;
}

ByteArray<kResponsePayload> write_payload(const ResponsePayload& payload) {
  ByteArray<kResponsePayload> out{};
  Writer to(out);
  to.bytes(payload.boot_id);
  to.le(payload.version);
  to.le(payload.flags);
  return out;
}

}  // namespace covfefe::wire
