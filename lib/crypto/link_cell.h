// SPDX-License-Identifier: Apache-2.0
// Seals and opens the link layer of a cell (Step C1, covfefe-protocol(7); B1). A datagram is 1,400
// or 256 bytes, its onion 1,360 or 216. No allocation.
//
// Receiving: receiver_index() -> session; unmask_counter(); window check; open_header(); set
// window.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/link_keys.h"

namespace covfefe::crypto {

struct CellHead {
  std::uint32_t circuit = 0;
  std::uint64_t hop_counter = 0;
};

struct CellSeal {
  ReceiverIndex receiver;
  std::uint64_t counter = 0;  // lane in the top byte; never twice under one key
  CellHead head;
};

void seal_cell(const DirectionKeys& keys, const CellSeal& what, ByteView onion,
               MutableBytes datagram);
// Reads onion (private memory), writes all of datagram. datagram may be memory that another process
// reads: only sealed bytes ever stand in it and nothing is read back from it.

[[nodiscard]] inline ReceiverIndex receiver_index(ByteView datagram) {
  return {load_le<std::uint32_t>(datagram.data())};
}
[[nodiscard]] std::uint64_t unmask_counter(KeyView header_key, ByteView datagram);
// Not authentic before open_header succeeds with it.

[[nodiscard]] Result<CellHead> open_header(const KeyAt& at, ByteView datagram);
// Verifies the whole datagram: Forged. at: DirectionKeys::aead and the unmasked counter.

[[nodiscard]] ByteView onion_of(ByteView datagram);
// Slots and body, borrowed.

}  // namespace covfefe::crypto
