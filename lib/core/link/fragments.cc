// SPDX-License-Identifier: Apache-2.0
#include "core/link/fragments.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::core {
namespace {

constexpr std::uint16_t kAllPieces = (1u << wire::kFragCount) - 1;

std::size_t piece_size(std::size_t index) {
  return std::min(wire::kFragMost, wire::kFragmentedCell - index * wire::kFragMost);
}

}  // namespace

void write_fragmented(const CellHeader& header, ByteView onion, FragmentedCell& out) {
  CHECK(onion.size() == wire::kLargeOnion);
  Writer writer(out);
  writer.le<std::uint32_t>(header.circuit.value);
  writer.le<std::uint64_t>(header.counter);
  writer.bytes(onion);
}

CellHeader fragmented_header(ByteView cell) {
  Reader reader(cell);
  const CircuitId circuit{reader.le<std::uint32_t>()};
  return {circuit, reader.le<std::uint64_t>()};
}

ByteView fragmented_onion(ByteView cell) {
  return cell.subspan(wire::kCellHeaderSize);
}

wire::FragFrame fragment_of(const FragmentedCell& cell, std::uint16_t id, std::uint8_t index) {
  const std::size_t at = index * wire::kFragMost;
  return {id, index, wire::kFragCount, ByteView(cell).subspan(at, piece_size(index))};
}

Reassembly::Cell& Reassembly::place_for(std::uint32_t session, std::uint16_t id, Instant now) {
  const auto same = [&](const Cell& c) {
    return c.have != 0 && c.session == session && c.id == id && now - c.since < kLifetime;
  };
  const auto known = std::find_if(cells_.begin(), cells_.end(), same);
  if (known != cells_.end()) return *known;
  const auto older = [](const Cell& a, const Cell& b) {
    if ((a.have == 0) != (b.have == 0)) return a.have == 0;
    return a.since < b.since;
  };
  Cell& cell = *std::min_element(cells_.begin(), cells_.end(), older);
  cell.session = session;
  cell.id = id;
  cell.have = 0;
  cell.since = now;
  return cell;
}

ByteView Reassembly::add(std::uint32_t session, const wire::FragFrame& frame, Instant now) {
  if (frame.count != wire::kFragCount || frame.index >= frame.count) return {};
  if (frame.bytes.size() != piece_size(frame.index)) return {};
  Cell& cell = place_for(session, frame.id, now);
  copy(frame.bytes, MutableBytes(cell.bytes).subspan(frame.index * wire::kFragMost));
  cell.have = static_cast<std::uint16_t>(cell.have | (1u << frame.index));
  if (cell.have != kAllPieces) return {};
  cell.have = 0;
  return cell.bytes;
}

}  // namespace covfefe::core
