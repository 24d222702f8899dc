// SPDX-License-Identifier: Apache-2.0
#include "wire/descriptor.h"

#include <doctest/doctest.h>

#include <vector>

#include "wire/control.h"

using namespace covfefe;
using namespace covfefe::wire;

namespace {

Descriptor entry(std::uint8_t seed, std::uint16_t parent, std::uint8_t depth) {
  Descriptor out;
  out.handle.fill(seed);
  out.onion_key.fill(static_cast<std::uint8_t>(seed + 1));
  out.tag.fill(static_cast<std::uint8_t>(seed + 2));
  out.expiry = expiry_of(490'000);
  out.parent = parent;
  out.depth = depth;
  out.rate = 20;
  out.availability = 90;
  return out;
}

std::vector<Descriptor> good_list() {
  return {entry(1, kNoParent, 1), entry(2, kNoParent, 1), entry(3, 0, 2), entry(4, 2, 3)};
}

bool read(const std::vector<Descriptor>& list) {
  return parse_descriptors(write_descriptors(list)).ok();
}

bool read(const Descriptor& one) {
  ByteArray<kDescriptorSize> bytes{};
  write_descriptor(one, bytes);
  return parse_descriptor(bytes).ok();
}

template <typename Change>
bool survives(Change&& change) {
  Descriptor d = entry(1, kNoParent, 1);
  change(d);
  return read(d);
}

}  // namespace

TEST_CASE("a descriptor is 96 bytes and comes back as it was") {
  Descriptor d = entry(1, 300, 3);
  d.service_tag.fill(9);
  ByteArray<kDescriptorSize> bytes{};
  write_descriptor(d, bytes);
  const auto back = parse_descriptor(bytes);
  REQUIRE(back.ok());
  CHECK(*back == d);
  CHECK(epoch_of(*back) == 490'000);
  CHECK_FALSE(parse_descriptor(ByteView(bytes).first(95)).ok());
}

TEST_CASE("fields outside their range are refused, each for itself") {
  CHECK(survives([](Descriptor&) {}));
  CHECK_FALSE(survives([](Descriptor& d) { d.handle = {}; }));
  CHECK_FALSE(survives([](Descriptor& d) { d.onion_key = {}; }));
  CHECK_FALSE(survives([](Descriptor& d) { d.tag = {}; }));
  CHECK_FALSE(survives([](Descriptor& d) { ++d.expiry; }));
  CHECK_FALSE(survives([](Descriptor& d) { d.expiry = kEpochGrace; }));
  CHECK_FALSE(survives([](Descriptor& d) { d.depth = 0; }));
  CHECK_FALSE(survives([](Descriptor& d) { d.depth = 2; }));
  CHECK_FALSE(survives([](Descriptor& d) { d.parent = 0; }));
  CHECK_FALSE(survives([](Descriptor& d) { d.parent = 0, d.depth = 4; }));
  CHECK_FALSE(survives([](Descriptor& d) { d.parent = kDescriptorsMost, d.depth = 2; }));
  CHECK_FALSE(survives([](Descriptor& d) { d.rate = 64; }));
  CHECK_FALSE(survives([](Descriptor& d) { d.availability = 101; }));
  auto bytes = write_descriptors(good_list());
  bytes[kDescriptorSize - 1] = 1;
  CHECK_FALSE(parse_descriptor(ByteView(bytes).first(kDescriptorSize)).ok());
}

TEST_CASE("a list has its parents before their children, a step less deep") {
  CHECK(read(good_list()));
  CHECK(read(std::vector<Descriptor>{}));
  auto forward = good_list();
  forward[2].parent = 3;
  CHECK_FALSE(read(forward));
  auto itself = good_list();
  itself[2].parent = 2;
  CHECK_FALSE(read(itself));
  auto depth = good_list();
  depth[3].parent = 0;
  CHECK_FALSE(read(depth));
  auto twice = good_list();
  twice[3].handle = twice[1].handle;
  CHECK_FALSE(read(twice));
  auto epochs = good_list();
  epochs[1].expiry = expiry_of(490'001);
  CHECK_FALSE(read(epochs));
}

TEST_CASE("a list ends with a whole descriptor and has at most 512") {
  auto bytes = write_descriptors(good_list());
  bytes.pop_back();
  CHECK_FALSE(parse_descriptors(bytes).ok());
  std::vector<Descriptor> list;
  for (std::size_t i = 0; i < kDescriptorsMost; ++i) {
    list.push_back(entry(1, kNoParent, 1));
    store_le(list.back().handle.data(), static_cast<std::uint32_t>(i));
  }
  CHECK(read(list));
  list.push_back(entry(99, kNoParent, 1));
  CHECK_FALSE(read(list));
}

TEST_CASE("names of friends are single labels of small letters, digits and hyphens") {
  for (const char* good : {"a", "bob", "b-0b", "0"}) CHECK(is_friend_name(good));
  for (const char* bad : {"", "-bob", "bob-", "Bob", "b.b", "b b", "b\n", "b\xc3\xa9"}) {
    CHECK_FALSE(is_friend_name(bad));
  }
  CHECK(is_friend_name(std::string(63, 'x')));
  CHECK_FALSE(is_friend_name(std::string(64, 'x')));
}
