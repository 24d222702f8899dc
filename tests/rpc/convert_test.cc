// SPDX-License-Identifier: Apache-2.0
#include "rpc/convert.h"

#include <capnp/message.h>
#include <doctest/doctest.h>

#include "rpc/errors.h"

using namespace covfefe;
using namespace covfefe::rpc;

namespace {

template <std::size_t N>
ByteArray<N> filled(std::uint8_t with) {
  ByteArray<N> out;
  out.fill(with);
  return out;
}

FriendRecord bob() {
  FriendRecord record;
  record.id = {7};
  record.petname = "bob";
  record.trust = TrustLevel::Known;
  record.visibility = Visibility::Reachable;
  record.identity_key = filled<32>(1);
  record.static_key = filled<32>(2);
  record.service_key = filled<32>(3);
  record.address.bytes = filled<16>(0xfd);
  record.serial = 9;
  record.endorsement = filled<32>(4);
  record.endpoints = {{{filled<16>(5)}, 6363, 0}, {{filled<16>(6)}, 1, 0}};
  record.added_at = -5;
  return record;
}

FriendRecord carol() {
  FriendRecord record = bob();
  ++record.id.value;
  record.petname = "carol";
  record.identity_key[0] ^= 0xff;
  record.static_key[0] ^= 0xff;
  record.address.bytes[15] ^= 0xff;
  return record;
}

struct FriendMessage {
  capnp::MallocMessageBuilder message;
  schema::Friend::Builder builder = message.initRoot<schema::Friend>();
  FriendMessage() { write_friend(bob(), builder); }
  [[nodiscard]] Result<FriendRecord> read() const { return friend_from(builder.asReader()); }
};

const ByteArray<31> kShort{};
const ByteArray<33> kLong{};

}  // namespace

TEST_CASE("a friend comes back as it was") {
  const FriendMessage message;
  const auto back = message.read();
  REQUIRE(back.ok());
  CHECK(*back == bob());
}

TEST_CASE("a friend that is not endorsed yet has an endorsement of zeros") {
  FriendMessage message;
  message.builder.setEndorsement(nullptr);
  const auto back = message.read();
  REQUIRE(back.ok());
  CHECK(all_zero(back->endorsement));
}

TEST_CASE("keys of any other length are refused, never stretched or cut") {
  FriendMessage one;
  one.builder.setIdentityKey(as_data(kShort));
  CHECK(one.read().error() == Reject::WrongLength);
  FriendMessage two;
  two.builder.setStaticKey(as_data(kLong));
  CHECK(two.read().error() == Reject::WrongLength);
  FriendMessage three;
  three.builder.setServiceKey(nullptr);
  CHECK(three.read().error() == Reject::WrongLength);
  FriendMessage four;
  four.builder.setAddress(as_data(kShort));
  CHECK(four.read().error() == Reject::WrongLength);
  FriendMessage five;
  five.builder.setEndorsement(as_data(kLong));
  CHECK(five.read().error() == Reject::WrongLength);
}

TEST_CASE("a friend's endpoints are bounded and each must be whole") {
  FriendMessage many;
  auto list = many.builder.initEndpoints(9);
  for (auto endpoint : list) write_endpoint({{}, 1, 0}, endpoint);
  CHECK(many.read().error() == Reject::WrongLength);
  FriendMessage portless;
  portless.builder.getEndpoints()[1].setPort(0);
  CHECK(portless.read().error() == Reject::WrongValue);
  FriendMessage half;
  half.builder.getEndpoints()[0].setIp(as_data(ByteView(kShort).first(4)));
  CHECK(half.read().error() == Reject::WrongLength);
}

TEST_CASE("a trust level from the future is refused") {
  FriendMessage message;
  message.builder.setTrust(static_cast<schema::Trust>(4));
  CHECK(message.read().error() == Reject::WrongValue);
}

TEST_CASE("a visibility from the future is refused, and none means relay only") {
  FriendMessage message;
  message.builder.setVisibility(static_cast<schema::Visibility>(3));
  CHECK(message.read().error() == Reject::WrongValue);
  capnp::MallocMessageBuilder silent;
  CHECK(*visibility_from(silent.initRoot<schema::Friend>().getVisibility()) ==
        Visibility::RelayOnly);
  for (const auto each : {Visibility::Hidden, Visibility::RelayOnly, Visibility::Reachable})
    CHECK(*visibility_from(to_schema(each)) == each);
}

TEST_CASE("catalogues are somebody's, whole, in order and bounded") {
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<schema::PeerdbForRouter::CataloguesResults>().initCatalogues(8);
  const CatalogueRecord longest{{1}, 496'000, std::vector<std::uint8_t>(kMaxCatalogue, 7)};
  for (capnp::uint i = 0; i < list.size(); ++i) {
    write_catalogue({{i + 1}, 496'000, std::vector<std::uint8_t>(96, 7)}, list[i]);
  }
  write_catalogue(longest, list[0]);
  REQUIRE(catalogues_from(list.asReader()).ok());
  CHECK(catalogues_from(list.asReader())->front() == longest);
  for (const std::size_t size : {1UL, 95UL, 97UL, kMaxCatalogue + 96}) {
    write_catalogue({{1}, 1, std::vector<std::uint8_t>(size, 7)}, list[0]);
    CHECK(catalogue_from(list.asReader()[0]).error() == Reject::WrongLength);
  }
  write_catalogue({{0}, 1, {}}, list[0]);
  CHECK(catalogue_from(list.asReader()[0]).error() == Reject::WrongValue);
  write_catalogue({{2}, 1, {}}, list[0]);
  CHECK(catalogues_from(list.asReader()).error() == Reject::Unexpected);
  auto many = message.initRoot<schema::PeerdbForRouter::CataloguesResults>().initCatalogues(9);
  CHECK(catalogues_from(many.asReader()).error() == Reject::Overloaded);
}

TEST_CASE("destinations are overlay addresses, at most 1,024") {
  capnp::MallocMessageBuilder message;
  using Results = schema::PeerdbForRouter::DestinationsResults;
  auto list = message.initRoot<Results>().initAddresses(1);
  list.set(0, as_data(filled<16>(0xfd)));
  CHECK(destinations_from(list.asReader())->at(0).bytes == filled<16>(0xfd));
  list.set(0, as_data(filled<16>(0xfe)));
  CHECK(destinations_from(list.asReader()).error() == Reject::WrongValue);
  list.set(0, as_data(filled<15>(0xfd)));
  CHECK(destinations_from(list.asReader()).error() == Reject::WrongLength);
  auto many = message.initRoot<Results>().initAddresses(1'025);
  CHECK(destinations_from(many.asReader()).error() == Reject::Overloaded);
}

TEST_CASE("petnames are one lower-case label") {
  CHECK(is_petname("bob"));
  CHECK(is_petname("a"));
  CHECK(is_petname("bob-2"));
  CHECK(is_petname(std::string(63, 'x')));
  CHECK_FALSE(is_petname(""));
  CHECK_FALSE(is_petname(std::string(64, 'x')));
  CHECK_FALSE(is_petname("Bob"));
  CHECK_FALSE(is_petname("bob\n"));
  CHECK_FALSE(is_petname("-bob"));
  CHECK_FALSE(is_petname("bob-"));
  CHECK_FALSE(
      is_petname("b\xc3\xb6"
                 "b"));
  FriendMessage message;
  message.builder.setPetname("../etc");
  CHECK(message.read().error() == Reject::WrongValue);
}

TEST_CASE("a friend list is taken whole or not at all") {
  capnp::MallocMessageBuilder message;
  auto results = message.initRoot<schema::PeerdbForRouter::FriendsResults>();
  write_friends({bob(), carol()}, results);
  CHECK(friends_from(results.getFriends().asReader())->size() == 2);
  results.getFriends()[1].setPetname("");
  CHECK(friends_from(results.getFriends().asReader()).error() == Reject::WrongValue);
}

TEST_CASE("a friend list in which two are one is refused") {
  const auto refused = [](void (*confuse)(FriendRecord&)) {
    std::vector<FriendRecord> both = {bob(), carol()};
    confuse(both[1]);
    capnp::MallocMessageBuilder message;
    auto results = message.initRoot<schema::PeerdbForRouter::FriendsResults>();
    write_friends(both, results);
    const auto read = friends_from(results.getFriends().asReader());
    return !read.ok() && read.error() == Reject::Unexpected;
  };
  CHECK_FALSE(refused([](FriendRecord&) {}));
  CHECK(refused([](FriendRecord& two) { two.id = bob().id; }));
  CHECK(refused([](FriendRecord& two) { two.petname = bob().petname; }));
  CHECK(refused([](FriendRecord& two) { two.identity_key = bob().identity_key; }));
  CHECK(refused([](FriendRecord& two) { two.static_key = bob().static_key; }));
  CHECK(refused([](FriendRecord& two) { two.address = bob().address; }));
}

TEST_CASE("a friend list longer than any node has is refused before it is read") {
  capnp::MallocMessageBuilder message;
  auto results = message.initRoot<schema::PeerdbForRouter::FriendsResults>();
  results.initFriends(kMaxFriends + 1);
  CHECK(friends_from(results.getFriends().asReader()).error() == Reject::Overloaded);
}

TEST_CASE("the largest friend list fits the edge that carries it") {
  FriendRecord largest = bob();
  largest.petname = std::string(kMaxPetname, 'x');
  largest.endpoints.assign(kMaxFriendEndpoints, {{}, 1, 0});
  capnp::MallocMessageBuilder message;
  auto results = message.initRoot<schema::PeerdbForRouter::FriendsResults>();
  write_friends(std::vector<FriendRecord>(kMaxFriends, largest), results);
  CHECK(results.totalSize().wordCount < kFriendListWords);
}

TEST_CASE("an identity comes back as it was and a locked one is no identity") {
  IdentityRecord own;
  own.name = "alice";
  own.identity_key = filled<32>(1);
  own.static_key = filled<32>(2);
  own.static_signature = filled<64>(3);
  own.service_key = filled<32>(4);
  own.address.bytes = filled<16>(0xfd);
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<schema::Identity>();
  CHECK(identity_from(builder.asReader()).error() == Reject::Overloaded);
  write_identity(own, builder);
  CHECK(*identity_from(builder.asReader()) == own);
  builder.setName("alice\x1b[2J");
  CHECK(identity_from(builder.asReader()).error() == Reject::WrongValue);
  builder.setName("alice");
  builder.setStaticSignature(as_data(kLong));
  CHECK(identity_from(builder.asReader()).error() == Reject::WrongLength);
}

TEST_CASE("metric samples are bounded and belong to somebody") {
  MetricSample sample;
  sample.id = {3};
  sample.at = 1'700'000'000;
  sample.seconds = 10;
  sample.rx_bytes = 1;
  sample.tx_bytes = 2;
  sample.up_seconds = 10;
  sample.rtt_micros = 4;
  sample.lost = 5;
  sample.link_faults = 6;
  sample.onion_faults = 7;
  sample.circuits_destroyed = 8;
  sample.relayed_cells = UINT64_MAX;
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<schema::PeerdbForRouter::RecordMetricsParams>().initSamples(2);
  write_sample(sample, list[0]);
  write_sample(sample, list[1]);
  CHECK(samples_from(list.asReader(), 2)->back() == sample);
  CHECK(samples_from(list.asReader(), 1).error() == Reject::Overloaded);
  list[1].setFriendId(0);
  CHECK(samples_from(list.asReader(), 2).error() == Reject::WrongValue);
}

TEST_CASE("replay timestamps have exact lengths") {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<schema::KeystoreForRouter::Seen>();
  write_seen({filled<32>(1), filled<12>(2)}, builder);
  CHECK(seen_from(builder.asReader())->timestamp == filled<12>(2));
  builder.setTimestamp(as_data(kShort));
  CHECK(seen_from(builder.asReader()).error() == Reject::WrongLength);
}

TEST_CASE("every refusal has a sentence, also one from the future") {
  for (std::uint16_t i = 0; i < 12; ++i) {
    CHECK(std::string(sentence_of(static_cast<schema::Refusal>(i))).size() > 10);
  }
}

TEST_CASE("a failure's text is one bounded printable line") {
  const CallError error =
      from_exception(to_exception(CallFailure::Overloaded, "two\nlines\x1b[2J"));
  CHECK(error.kind == CallFailure::Overloaded);
  CHECK(error.text == "two lines [2J");
  CHECK(from_exception(to_exception(CallFailure::Broken, std::string(9999, 'x').c_str()))
            .text.size() == 512);
}
