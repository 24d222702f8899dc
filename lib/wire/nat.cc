// SPDX-License-Identifier: Apache-2.0
#include "wire/nat.h"

#include <optional>

#include "wire/ip.h"

namespace covfefe::wire {
namespace {

constexpr std::size_t kNextHeaderAt = 6;
constexpr std::size_t kIcmpErrorHead = 8;
constexpr std::uint8_t kFirstInformational = 128;  // RFC 4443 2.1: errors are below

std::size_t address_at(Side side) {
  return side == Side::Source ? 8 : 24;
}

Side opposite(Side side) {
  return side == Side::Source ? Side::Destination : Side::Source;
}

struct Transport {
  std::size_t checksum_at;
  std::size_t least;  // bytes of its header
};

std::optional<Transport> transport(std::uint8_t next_header) {
  switch (next_header) {
    case kNextTcp:
      return Transport{16, 20};
    case kNextUdp:
      return Transport{6, 8};
    case kNextIcmp6:
      return Transport{2, 4};
    default:
      return std::nullopt;
  }
}

// RFC 1624, equation 3, for any number of changed 16-bit words.
class Mending {
 public:
  void changed(ByteView before, ByteView after) {
    for (std::size_t i = 0; i + 1 < before.size(); i += 2) {
      sum_ += static_cast<std::uint16_t>(~load_be<std::uint16_t>(before.data() + i));
      sum_ += load_be<std::uint16_t>(after.data() + i);
    }
  }
  void mend(std::uint8_t* field) const {
    std::uint64_t sum = sum_ + static_cast<std::uint16_t>(~load_be<std::uint16_t>(field));
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    store_be(field, static_cast<std::uint16_t>(~sum));
  }

 private:
  std::uint64_t sum_ = 0;
};

void mend_field(const Mending& mending, std::uint8_t next_header, std::uint8_t* field) {
  const bool udp = next_header == kNextUdp;
  if (udp && load_be<std::uint16_t>(field) == 0) return;  // it has none
  mending.mend(field);
  if (udp && load_be<std::uint16_t>(field) == 0) store_be<std::uint16_t>(field, 0xffff);
}

Result<void> replace(MutableBytes packet, const Readdress& change) {
  const MutableBytes place = packet.subspan(address_at(change.side), 16);
  if (!std::equal(place.begin(), place.end(), change.from.bytes.begin())) return Reject::WrongValue;
  copy(change.to.bytes, place);
  return {};
}

// The packet that an ICMPv6 error quotes, maybe cut off: it went the other way. What changes in it
// changes the error's own checksum.
Result<void> readdress_quoted(MutableBytes quoted, const Readdress& outer, Mending& sums) {
  if (quoted.size() < kIpv6Header) return Reject::WrongLength;
  const Readdress change{opposite(outer.side), outer.from, outer.to};
  if (auto done = replace(quoted, change); !done) return done;
  Mending inside;
  inside.changed(change.from.bytes, change.to.bytes);
  sums.changed(change.from.bytes, change.to.bytes);
  const std::uint8_t next_header = quoted[kNextHeaderAt];
  const MutableBytes rest = quoted.subspan(kIpv6Header);
  const bool error = next_header == kNextIcmp6 && !rest.empty() && rest[0] < kFirstInformational;
  if (error) return Reject::WrongType;
  const auto kind = transport(next_header);
  if (!kind || rest.size() < kind->checksum_at + 2) return {};
  const MutableBytes field = rest.subspan(kind->checksum_at, 2);
  const ByteArray<2> before{field[0], field[1]};
  mend_field(inside, next_header, field.data());
  sums.changed(before, field);
  return {};
}

}  // namespace

Result<void> readdress(MutableBytes packet, const Readdress& change) {
  const std::uint8_t next_header = packet[kNextHeaderAt];
  const auto kind = transport(next_header);
  if (!kind) return Reject::WrongType;
  const MutableBytes payload = packet.subspan(kIpv6Header);
  if (payload.size() < kind->least) return Reject::WrongLength;
  if (auto done = replace(packet, change); !done) return done;
  Mending sums;
  sums.changed(change.from.bytes, change.to.bytes);
  if (next_header == kNextIcmp6 && payload[0] < kFirstInformational) {
    if (payload.size() < kIcmpErrorHead) return Reject::WrongLength;
    auto done = readdress_quoted(payload.subspan(kIcmpErrorHead), change, sums);
    if (!done) return done;
  }
  mend_field(sums, next_header, payload.data() + kind->checksum_at);
  return {};
}

}  // namespace covfefe::wire
