// SPDX-License-Identifier: Apache-2.0
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <doctest/doctest.h>
#include <schema/control.capnp.h>

#include <random>
#include <vector>

#include "rpc/control_codec.h"
#include "rpc/convert.h"

using namespace covfefe;

namespace {

using Bytes = std::vector<std::uint8_t>;

wire::Descriptor a_descriptor(std::uint8_t seed, std::uint16_t parent) {
  wire::Descriptor out;
  out.handle.fill(seed);
  out.onion_key.fill(static_cast<std::uint8_t>(seed + 1));
  out.tag.fill(static_cast<std::uint8_t>(seed + 2));
  out.service_tag.fill(static_cast<std::uint8_t>(seed + 3));
  out.expiry = wire::expiry_of(490'000);
  out.parent = parent;
  out.depth = parent == wire::kNoParent ? 1 : 2;
  out.rate = 20;
  out.availability = 99;
  return out;
}

wire::Offer an_offer() {
  wire::Offer out{wire::Shown::Reachable, 23, {}};
  out.keys.push_back({{7}, 1'800'000'000});
  out.keys.push_back({{8}, 1'800'003'600});
  return out;
}

wire::Descriptors a_full_page() {
  wire::Descriptors out{4, 490'000, 512, 500, {}};
  while (!out.entries.full()) {
    out.entries.push_back(a_descriptor(static_cast<std::uint8_t>(out.entries.size() + 1), 3));
  }
  return out;
}

std::vector<wire::Control> every_message() {
  return {{an_offer()},
          {wire::Offer{}},
          {wire::DescriptorsGet{9, 511}},
          {a_full_page()},
          {wire::Descriptors{1, 2, 0, 0, {}}},
          {wire::DescriptorsChanged{77}},
          {wire::NameAsk{5, std::string(wire::kFriendNameMost, 'z')}},
          {wire::NameAnswer{5, Address{{0xfd, 1, 2}}}},
          {wire::NameAnswer{6, {}}}};
}

Bytes encoded(const wire::Control& control) {
  rpc::ControlCodec codec;
  Bytes out(wire::kControlMostLarge);
  out.resize(codec.encode(control, out));
  return out;
}

template <typename Build>
Reject refusal(Build&& build) {
  capnp::MallocMessageBuilder message;
  build(message.initRoot<schema::Control>());
  const kj::Array<capnp::word> flat = capnp::messageToFlatArray(message);
  const auto bytes = flat.asBytes();
  rpc::ControlCodec codec;
  const auto decoded = codec.decode({bytes.begin(), bytes.size()});
  REQUIRE_FALSE(decoded.ok());
  return decoded.error();
}

Reject page_refusal(std::uint16_t total, std::uint16_t from, const Bytes& entries) {
  return refusal([&](auto root) {
    auto page = root.initDescriptors();
    page.setGeneration(1);
    page.setTotal(total);
    page.setFrom(from);
    page.setEntries({entries.data(), entries.size()});
  });
}

Reject name_refusal(const char* name) {
  return refusal([&](auto root) { root.initNameAsk().setName(name); });
}

}  // namespace

TEST_CASE("every message of discovery fits an L cell and has one encoding") {
  rpc::ControlCodec codec;
  for (const wire::Control& control : every_message()) {
    const Bytes bytes = encoded(control);
    REQUIRE_FALSE(bytes.empty());
    const auto decoded = codec.decode(bytes);
    REQUIRE(decoded.ok());
    CHECK(decoded->message.index() == control.message.index());
    CHECK(encoded(*decoded) == bytes);
  }
  CHECK(encoded({wire::DescriptorsGet{9, 511}}).size() <= wire::kControlMostSmall);
  CHECK(encoded({wire::DescriptorsChanged{9}}).size() <= wire::kControlMostSmall);
}

TEST_CASE("an offer and a page of descriptors come back field by field") {
  rpc::ControlCodec codec;
  const auto offer = codec.decode(encoded({an_offer()}));
  REQUIRE(offer.ok());
  const auto& got = std::get<wire::Offer>(offer->message);
  CHECK(got.shown == wire::Shown::Reachable);
  CHECK(got.rate == 23);
  REQUIRE(got.keys.size() == 2);
  CHECK(got.keys[1] == an_offer().keys[1]);
  const auto page = codec.decode(encoded({a_full_page()}));
  REQUIRE(page.ok());
  const auto& entries = std::get<wire::Descriptors>(page->message).entries;
  REQUIRE(entries.size() == wire::kDescriptorsInMessage);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CHECK(entries[i] == a_full_page().entries[i]);
  }
  const auto answer = codec.decode(encoded({wire::NameAnswer{5, Address{{0xfd, 1, 2}}}}));
  REQUIRE(answer.ok());
  CHECK(std::get<wire::NameAnswer>(answer->message).address == Address{{0xfd, 1, 2}});
}

TEST_CASE("offers outside the rules are refused") {
  CHECK(refusal([](auto root) { root.initOffer().initOnionKeys(3); }) == Reject::WrongLength);
  CHECK(refusal([](auto root) { root.initOffer().initOnionKeys(1); }) == Reject::WrongLength);
  CHECK(refusal([](auto root) {
          root.initOffer().setShown(static_cast<schema::Control::Shown>(3));
        }) == Reject::WrongValue);
  CHECK(refusal([](auto root) { root.initOffer().setRate(64); }) == Reject::WrongValue);
  CHECK(refusal([](auto root) {
          auto key = root.initOffer().initOnionKeys(1)[0];
          const ByteArray<32> zero{};
          key.setKey({zero.data(), zero.size()});
          key.setNotAfter(1);
        }) == Reject::WrongValue);
  CHECK(refusal([](auto root) {
          auto key = root.initOffer().initOnionKeys(1)[0];
          const ByteArray<32> good{1};
          key.setKey({good.data(), good.size()});
        }) == Reject::WrongValue);
}

TEST_CASE("pages that cannot be part of a list are refused") {
  const wire::Descriptor one[] = {a_descriptor(1, wire::kNoParent)};
  const Bytes good = wire::write_descriptors(one);
  CHECK(page_refusal(513, 0, good) == Reject::WrongValue);
  CHECK(page_refusal(1, 1, good) == Reject::WrongValue);
  CHECK(page_refusal(512, 0, Bytes(good.begin(), good.end() - 1)) == Reject::WrongLength);
  Bytes thirteen;
  for (int i = 0; i < 13; ++i) thirteen.insert(thirteen.end(), good.begin(), good.end());
  CHECK(page_refusal(512, 0, thirteen) == Reject::WrongLength);
  Bytes spare = good;
  spare.back() = 1;
  CHECK(page_refusal(512, 0, spare) == Reject::WrongValue);
  CHECK(refusal([](auto root) { root.initDescriptors(); }) == Reject::WrongValue);
  CHECK(refusal([](auto root) { root.initDescriptorsChanged(); }) == Reject::WrongValue);
  CHECK(refusal([](auto root) { root.initDescriptorsGet().setFrom(512); }) == Reject::WrongValue);
}

TEST_CASE("names with bytes that no name has, and answers that are no address, are refused") {
  for (const char* name : {"", "-a", "a-", "Alice", "a.b", "a b", "caf\xc3\xa9"}) {
    CHECK(name_refusal(name) == Reject::WrongValue);
  }
  CHECK(name_refusal(std::string(64, 'a').c_str()) == Reject::WrongValue);
  const ByteArray<16> outside{0x20, 1};
  const ByteArray<15> shorter{0xfd};
  CHECK(refusal([&](auto root) {
          root.initNameAnswer().setAddress({outside.data(), outside.size()});
        }) == Reject::WrongValue);
  CHECK(refusal([&](auto root) {
          root.initNameAnswer().setAddress({shorter.data(), shorter.size()});
        }) == Reject::WrongLength);
}

TEST_CASE("no mutation of a discovery message escapes as anything but a value or a refusal") {
  std::mt19937 random(7);
  rpc::ControlCodec codec;
  const auto messages = every_message();
  std::size_t seen = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = encoded(messages[random() % messages.size()]);
    for (auto n = 1 + random() % 4; n > 0; --n) {
      bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
    }
    const auto decoded = codec.decode(bytes);
    seen += decoded.ok() ? static_cast<std::size_t>(!encoded(*decoded).empty()) : 1;
  }
  CHECK(seen == 20'000);
}
