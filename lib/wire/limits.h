// SPDX-License-Identifier: Apache-2.0
// Every length on the wire, each derived from the ones it is made of (covfefe-protocol(7),
// "Sizes"). Little endian throughout, except inside IP packets.
#pragma once

#include <cstddef>
#include <cstdint>

namespace covfefe::wire {

// ---- primitives ------------------------------------------------------------------------------
inline constexpr std::size_t kTagSize = 16;  // Poly1305
inline constexpr std::size_t kKeySize = 32;  // X25519, Ed25519 public, ChaCha20
inline constexpr std::size_t kMacSize = 16;  // keyed BLAKE2b-128
inline constexpr std::size_t kBootIdSize = 8;
inline constexpr std::size_t kTimestampSize = 12;  // TAI64N

// ---- cells: | index 4 | counter 8 | 5 slots 80 | body N | circuit 4, hop counter 8 | tag 16 | ---
inline constexpr std::size_t kSlots = 5;  // also the longest path, destination included
inline constexpr std::size_t kSlotsSize = kSlots * kTagSize;
inline constexpr std::size_t kLargeBody = 1280;  // 64 * 20: hop AEAD input 1344 is 21 blocks
inline constexpr std::size_t kSmallBody = 136;
inline constexpr std::size_t kLargeOnion = kSlotsSize + kLargeBody;
inline constexpr std::size_t kSmallOnion = kSlotsSize + kSmallBody;

inline constexpr std::size_t kIndexAt = 0;
inline constexpr std::size_t kCounterAt = 4;
inline constexpr std::size_t kOnionAt = 12;
inline constexpr std::size_t kCellHeaderSize = 4 + 8;
inline constexpr std::size_t kCellOverhead = kOnionAt + kCellHeaderSize + kTagSize;
inline constexpr std::size_t kLargeDatagram = kCellOverhead + kLargeOnion;
inline constexpr std::size_t kSmallDatagram = kCellOverhead + kSmallOnion;
static_assert(kLargeDatagram == 1400 && kSmallDatagram == 256);

inline constexpr std::uint32_t kFirstReceiverIndex = 256;  // smaller values are handshake types

// ---- handshake datagrams (control socket) ------------------------------------------------------
inline constexpr std::size_t kInitiationPayload = 120;
inline constexpr std::size_t kResponsePayload = 164;
inline constexpr std::size_t kInitiationNoise =
    kKeySize + (kKeySize + kTagSize) + (kInitiationPayload + kTagSize);  // e, s, payload
inline constexpr std::size_t kResponseNoise =
    kKeySize + (kResponsePayload + kTagSize);  // e, payload
inline constexpr std::size_t kInitiationSize = 4 + 4 + kInitiationNoise + 2 * kMacSize;
inline constexpr std::size_t kResponseSize = 4 + 4 + 4 + kResponseNoise + 2 * kMacSize;
inline constexpr std::size_t kMac1At = kInitiationSize - 2 * kMacSize;
inline constexpr std::size_t kMac2At = kInitiationSize - kMacSize;
inline constexpr std::size_t kCookieNonce = 24;  // XChaCha20-Poly1305
inline constexpr std::size_t kCookieSize = 16;
inline constexpr std::size_t kCookieReplySize = 4 + 4 + kCookieNonce + kCookieSize + kTagSize;
static_assert(kInitiationNoise == 216 && kResponseNoise == 212);
static_assert(kInitiationSize == 256 && kResponseSize == 256 && kCookieReplySize == 64);

// ---- frames of the link circuit: one per body ---------------------------------------------------
inline constexpr std::size_t kLinkFrameHead = 16;
inline constexpr std::size_t kFragHead = 8;
inline constexpr std::size_t kReportFrame = 40;
inline constexpr std::size_t kFragMost = kSmallBody - kFragHead;
inline constexpr std::size_t kControlMostSmall = kSmallBody - kLinkFrameHead;
inline constexpr std::size_t kControlMostLarge = kLargeBody - kLinkFrameHead;
inline constexpr std::size_t kBuildPacket = kLargeBody - kLinkFrameHead;
inline constexpr std::size_t kFragmentedCell = kCellHeaderSize + kLargeOnion;  // what FRAG carries
inline constexpr std::size_t kFragCount = (kFragmentedCell + kFragMost - 1) / kFragMost;
static_assert(kFragMost == 128 && kControlMostSmall == 120 && kBuildPacket == 1264);
static_assert(kFragmentedCell == 1372 && kFragCount == 11);

// ---- end-to-end session cells: | kind 1 in counter 8 | ciphertext | tag 16 | --------------------
inline constexpr std::size_t kSessionCounter = 8;
inline constexpr std::size_t kSessionOverhead = kSessionCounter + kTagSize;
inline constexpr std::size_t kLargePlain = kLargeBody - kSessionOverhead;
inline constexpr std::size_t kSmallPlain = kSmallBody - kSessionOverhead;
inline constexpr std::size_t kCertificateSize = 32 + 32 + 8 + 64;
inline constexpr std::size_t kSessionMsg1 = kKeySize + kTagSize;  // e, empty payload
inline constexpr std::size_t kSessionMsg2 =
    kKeySize + (kKeySize + kTagSize) + (kCertificateSize + kTagSize);  // e, s, certificate
inline constexpr std::size_t kSessionMsg3 = (kKeySize + kTagSize) + (kCertificateSize + kTagSize);
inline constexpr std::size_t kFirstPlain = kLargePlain - kSessionMsg3;  // beside msg3, L only
static_assert(kLargePlain == 1256 && kSmallPlain == 112 && kFirstPlain == 1056);
static_assert(kSessionMsg1 == 48 && kSessionMsg2 == 232 && kSessionMsg3 == 200);

inline constexpr std::size_t kInnerHead = 3;     // type 1, length 2
inline constexpr std::size_t kFragmentHead = 4;  // id 2, index 1, count 1
inline constexpr std::size_t kTunMtu = 1280;     // the least that IPv6 allows
inline constexpr std::size_t kIpv6Header = 40;
inline constexpr std::size_t kPackedHeader = 6;  // an IPv6 header whose addresses are implied
inline constexpr std::size_t kIpPayloadMost = kTunMtu - kIpv6Header;
static_assert(kInnerHead + kPackedHeader + kIpPayloadMost <= kLargePlain);

// ---- control channel ----------------------------------------------------------------------------
inline constexpr std::size_t kRekeyMessage = kKeySize + kTagSize;  // NNpsk0: e, empty payload
inline constexpr std::size_t kDataSocketsMost = 8;

}  // namespace covfefe::wire
