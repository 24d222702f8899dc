// SPDX-License-Identifier: Apache-2.0
// L cells in pieces, for paths where L datagrams do not pass (A25; Step L30, covfefe-protocol(7)):
// {circuit id, hop counter, onion 1,360} = 1,372 B in 11 FRAG frames. Reassembly is bounded: at
// most 5 cells (55 pieces) at a time, each for 250 ms.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/instant.h"
#include "core/cell_io.h"
#include "wire/limits.h"
#include "wire/link_frames.h"

namespace covfefe::core {

using FragmentedCell = ByteArray<wire::kFragmentedCell>;

void write_fragmented(const CellHeader& header, ByteView onion, FragmentedCell& out);
// onion: kLargeOnion bytes.
[[nodiscard]] CellHeader fragmented_header(ByteView cell);
[[nodiscard]] ByteView fragmented_onion(ByteView cell);
// cell: kFragmentedCell bytes.

[[nodiscard]] wire::FragFrame fragment_of(const FragmentedCell& cell, std::uint16_t id,
                                          std::uint8_t index);
// index < kFragCount; the view is borrowed from cell.

class Reassembly {
 public:
  static constexpr std::size_t kCells = 5;
  static constexpr Duration kLifetime = Duration::millis(250);

  [[nodiscard]] ByteView add(std::uint32_t session, const wire::FragFrame& frame, Instant now);
  // The whole cell (kFragmentedCell bytes, valid until the next call) when this was its last piece;
  // else nothing. Pieces of another shape are dropped, and so is the oldest unfinished cell when a
  // sixth begins. session: pieces of different sessions never meet.

 private:
  struct Cell {
    std::uint32_t session = 0;
    std::uint16_t id = 0;
    std::uint16_t have = 0;  // bit per piece; 0 = free
    Instant since{};
    FragmentedCell bytes{};
  };
  Cell& place_for(std::uint32_t session, std::uint16_t id, Instant now);

  std::array<Cell, kCells> cells_{};
};

}  // namespace covfefe::core
