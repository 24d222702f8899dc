// SPDX-License-Identifier: Apache-2.0
// Puts inner packets together again that came in several small cells. Every fragment but the last
// carries exactly 105 bytes, so that a fragment's place follows from its index alone. At most 8
// packets of 1,246 B are in the making per session, each for at most one second; the oldest makes
// room. Fragments come from a peer that proved its key, so the bounds protect memory, not secrecy.
// Thread: data.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"

namespace covfefe::core {

struct Fragment {
  std::uint16_t packet = 0;  // which packet, counted by the sender
  std::uint8_t index = 0;
  std::uint8_t count = 0;
  ByteView bytes;
};

class PacketReassembly {
 public:
  static constexpr std::size_t kPackets = 8;
  static constexpr std::size_t kFragmentBytes = 105;  // small cell 112 - frame head 3 - 4
  static constexpr std::size_t kFragments = 12;       // 1,246 B of compressed packet need 12
  static constexpr std::size_t kPacketBytes = 1246;
  static constexpr Duration kPatience = Duration::seconds(1);

  static constexpr Duration kChatPatience = Duration::seconds(20);  // Step Q10

  struct At {
    At(Instant when, Duration most = kPatience) : now(when), patience(most) {}
    Instant now;
    Duration patience;  // for the rest of the packet, if this is its first fragment
  };
  Result<ByteView> add(const Fragment& fragment, const At& at);
  // The whole packet, valid until the next add, or nothing yet (empty view). WrongValue for a
  // fragment that contradicts the format or its siblings.
  [[nodiscard]] std::uint64_t given_up() const { return given_up_; }
  // Packets dropped incomplete, for age or for room.

 private:
  struct Slot {
    Instant deadline{};
    std::uint16_t packet = 0;
    std::uint16_t have = 0;  // bit per index
    std::uint8_t count = 0;  // 0 = free
    std::uint16_t length = 0;
    ByteArray<kFragments * kFragmentBytes> bytes{};
  };
  Slot& slot_for(const Fragment& fragment, const At& at);

  std::unique_ptr<std::array<Slot, kPackets>> slots_;  // taken with the first fragment
  std::uint64_t given_up_ = 0;
};

}  // namespace covfefe::core
