// SPDX-License-Identifier: Apache-2.0
// Datagrams of the link handshake, and telling every datagram's kind from its length and first word
// (Step L1, covfefe-protocol(7)). No state: the MACs are checked elsewhere (crypto/mac.h). Views in
// a parsed message are borrowed from the datagram.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/limits.h"

namespace covfefe::wire {

enum class DatagramKind : std::uint8_t { Initiation, Response, CookieReply, SmallCell, LargeCell };

[[nodiscard]] Result<DatagramKind> classify(ByteView datagram);
// By exact length and LE32 at offset 0: 1..3 are handshake types, 256 and up receiver indices.
// WrongLength, WrongType (0, 4..255), or WrongLength for a handshake type of another size.

struct Initiation {
  std::uint32_t sender = 0;  // index that the initiator wants to receive
  ByteView noise;            // kInitiationNoise
};
struct Response {
  std::uint32_t sender = 0;
  std::uint32_t receiver = 0;  // Initiation::sender
  ByteView noise;              // kResponseNoise
};
struct CookieReply {
  std::uint32_t receiver = 0;  // Initiation::sender or Response::sender of what is answered
  ByteView nonce;              // kCookieNonce
  ByteView sealed;             // cookie 16, tag 16
};

[[nodiscard]] Result<Initiation> parse_initiation(ByteView datagram);
[[nodiscard]] Result<Response> parse_response(ByteView datagram);
[[nodiscard]] Result<CookieReply> parse_cookie_reply(ByteView datagram);
// Exact length and type; WrongValue when an index is below kFirstReceiverIndex.

void write_initiation(const Initiation& message, std::span<std::uint8_t, kInitiationSize> out);
void write_response(const Response& message, std::span<std::uint8_t, kResponseSize> out);
void write_cookie_reply(const CookieReply& message, std::span<std::uint8_t, kCookieReplySize> out);
// Views of another length are a bug. Both MAC fields are written as zero.

struct InitiationPayload {
  ByteArray<kTimestampSize> timestamp{};
  ByteArray<kBootIdSize> boot_id{};
  std::uint16_t version = 1;
  std::uint16_t flags = 0;
};
struct ResponsePayload {
  ByteArray<kBootIdSize> boot_id{};
  std::uint16_t version = 1;
  std::uint16_t flags = 0;
};

[[nodiscard]] Result<InitiationPayload> parse_initiation_payload(ByteView plain);
[[nodiscard]] Result<ResponsePayload> parse_response_payload(ByteView plain);
// Exact length; version 0 is WrongType, a byte that is not zero where it must be is WrongValue.
// Flags are returned as they came: a flag that is not known is no reason to refuse a friend.

[[nodiscard]] ByteArray<kInitiationPayload> write_payload(const InitiationPayload& payload);
[[nodiscard]] ByteArray<kResponsePayload> write_payload(const ResponsePayload& payload);

}  // namespace covfefe::wire
