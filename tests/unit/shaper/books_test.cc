// SPDX-License-Identifier: Apache-2.0
// What the control thread tells the data thread: all that changed as one value, and nothing else.
#include "cmd/shaper/books.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace covfefe {
namespace {

using shaper::Books;
using shaper::Changes;

const PlacedLink kBob{{7}, 1, "bob", TrustLevel::Met};
const PlacedLink kCarol{{9}, 2, "carol", TrustLevel::Known};
const PlacedLink kDave{{11}, 3, "dave", TrustLevel::Met};

Instant at(std::int64_t seconds) {
  return Instant{} + Duration::seconds(100 + seconds);
}

std::string text(const std::string& up, const std::string& more = {}) {
  return "name: test\ncapacity:\n  up: " + up + "\n" + more;
}

config::Config config_of(const std::string& yaml) {
  auto parsed = config::parse_config(yaml, "test");
  REQUIRE(parsed.ok());
  return *parsed;
}

struct World {
  std::unique_ptr<shaper::DataMailbox> mail = std::move(*shaper::DataMailbox::create(4));
  Books books;
  explicit World(const std::string& yaml) : books(config_of(yaml), 1'000, *mail) {}

  std::vector<Changes> told() {
    std::vector<Changes> out;
    mail->drain([&out](shaper::ToData one) {
      out.push_back(*std::get<std::unique_ptr<const Changes>>(one));
    });
    return out;
  }
  Changes flushed(Instant now) {
    REQUIRE(books.flush(now));
    auto all = told();
    REQUIRE(all.size() == 1);
    return all[0];
  }
  void nothing(Instant now) {
    CHECK(books.flush(now));
    CHECK(told().empty());
  }
};

LeaseTerms terms(FriendId link, std::uint32_t rate, LeaseClass as = LeaseClass::Realtime) {
  LeaseTerms out;
  out.principal = link;
  out.over.push_back(link);
  out.lease_class = as;
  out.rate = rate;
  out.lasts = Duration::seconds(60);
  return out;
}

TEST_CASE("what did not change is not told again") {
  World world(text("10 Mbit/s"));
  world.books.place({kBob, kCarol}, at(0));
  const Changes first = world.flushed(at(0));
  CHECK(first.links.size() == 2);
  CHECK(first.gone.empty());
  CHECK_FALSE(first.uplink.has_value());  // the data thread began with it
  world.books.place({kBob, kCarol}, at(1));
  world.nothing(at(1));
  world.books.place({kBob, kCarol, kDave}, at(2));
  const Changes more = world.flushed(at(2));
  REQUIRE(more.links.size() == 1);
  CHECK(more.links[0].slot == kDave.slot);
  CHECK_FALSE(more.control.has_value());
  CHECK(std::none_of(more.levels.begin(), more.levels.end(),
                     [](const auto& one) { return one.has_value(); }));
}

TEST_CASE("a slot that another friend has now begins anew") {
  World world(text("10 Mbit/s"));
  world.books.place({kBob, kCarol}, at(0));
  (void)world.flushed(at(0));
  PlacedLink dave = kDave;
  dave.slot = kBob.slot;
  world.books.place({dave, kCarol}, at(1));
  const Changes changes = world.flushed(at(1));
  CHECK(changes.gone == std::vector<std::uint32_t>{kBob.slot});
  REQUIRE(changes.links.size() == 1);
  CHECK(changes.links[0].slot == kBob.slot);
}

TEST_CASE("a lease reaches its link alone, and ends there at its time") {
  World world(text("10 Mbit/s"));
  world.books.place({kBob, kCarol}, at(0));
  (void)world.flushed(at(0));
  REQUIRE(std::holds_alternative<LeaseGrant>(world.books.take(terms(kBob.id, 50'000), at(0))));
  const Changes begun = world.flushed(at(0));
  REQUIRE(begun.links.size() == 1);
  CHECK(begun.links[0].slot == kBob.slot);
  CHECK(begun.links[0].lease.rate == 50'000);
  CHECK(begun.promised.has_value());
  REQUIRE(std::holds_alternative<LeaseGrant>(
      world.books.take(terms(kBob.id, 10'000, LeaseClass::Bulk), at(1))));
  const Changes bulk = world.flushed(at(1));
  REQUIRE(bulk.links.size() == 1);
  CHECK(bulk.links[0].lease.rate == 50'000);
  CHECK(bulk.links[0].plan.share.reserve == begun.links[0].plan.share.reserve + 10'000);
  CHECK(world.books.next_change() == at(60));
  world.books.expire(at(60));
  const Changes ended = world.flushed(at(60));
  REQUIRE(ended.links.size() == 1);
  CHECK(ended.links[0].lease.rate == 0);
}

TEST_CASE("a changed configuration is one value that names only what it changes") {
  World world(text("10 Mbit/s"));
  world.books.place({kBob, kCarol}, at(0));
  (void)world.flushed(at(0));
  const auto wrong = world.books.apply(text("10 Mbit/s", "shaping:\n  nonsense: 1\n"), at(1));
  CHECK_FALSE(wrong.ok());
  CHECK(world.told().empty());
  const auto right = world.books.apply(
      text("10 Mbit/s",
           "shaping:\n  friends:\n    carol: {cap: 1 Mbit/s}\nlisten:\n  control: 7000\n"),
      at(1));
  REQUIRE(right.ok());
  CHECK(*right == std::vector<std::string>{"shaping.friends.carol"});
  const auto told = world.told();
  REQUIRE(told.size() == 1);
  REQUIRE(told[0].links.size() == 1);
  CHECK(told[0].links[0].slot == kCarol.slot);
  CHECK(told[0].links[0].plan.share.cap == 125'000);
  CHECK_FALSE(told[0].uplink.has_value());
  CHECK(world.books.apply(text("20 Mbit/s"), at(2)).ok());
  const auto faster = world.told();
  REQUIRE(faster.size() == 1);
  REQUIRE(faster[0].uplink.has_value());
  CHECK(faster[0].uplink->capacity.ceiling == 2'500'000);
  CHECK(world.books.plan().promised_most == 2'000'000);
}

TEST_CASE("nothing is applied that the data thread could not take") {
  World world(text("10 Mbit/s"));
  for (int i = 0; i < 4; ++i) world.mail->push(std::make_unique<const Changes>());
  CHECK_FALSE(world.books.apply(text("20 Mbit/s"), at(0)).ok());
  CHECK(world.books.config().capacity.up.bytes_per_second == 1'250'000);
  world.books.place({kBob}, at(0));
  CHECK_FALSE(world.books.flush(at(0)));
  (void)world.told();
  CHECK(world.flushed(at(1)).links.size() == 1);  // and is not lost
}

TEST_CASE(
    "what was learned stays below a ceiling that is lifted, and falls with one that is lowered") {
  World world(text("10 Mbit/s"));
  world.books.heard({600'000, 500'000}, at(0));
  CHECK(world.books.apply(text("20 Mbit/s"), at(1)).ok());
  CHECK(world.books.uplink(at(1)).rate == 600'000);
  CHECK(world.books.uplink(at(1)).low_water == 500'000);
  CHECK(world.books.apply(text("1 Mbit/s"), at(2)).ok());
  CHECK(world.books.uplink(at(2)).rate == 125'000);
  CHECK(world.books.uplink(at(2)).low_water == 125'000);
  CHECK(world.books.apply(text("2 Mbit/s\n  learn: no"), at(3)).ok());
  CHECK(world.books.uplink(at(3)).rate == 250'000);
}

TEST_CASE("when the uplink carries less, leases go and reserves are scaled in the same value") {
  World world(text("10 Mbit/s", "shaping:\n  friends:\n    bob: {reserve: 400 kB/s}\n"));
  world.books.place({kBob, kCarol}, at(0));
  REQUIRE(std::holds_alternative<LeaseGrant>(world.books.take(terms(kBob.id, 60'000), at(0))));
  REQUIRE(std::holds_alternative<LeaseGrant>(world.books.take(terms(kCarol.id, 60'000), at(0))));
  (void)world.flushed(at(0));
  world.books.heard({150'000, 150'000}, at(1));
  const auto revoked = world.books.take_revoked();
  REQUIRE(revoked.size() == 1);
  CHECK(revoked[0].why == LeaseRefusal::Capacity);
  CHECK(world.books.take_revoked().empty());
  const Changes changes = world.flushed(at(1));
  const auto met = static_cast<std::size_t>(shape::Level::Met);
  REQUIRE(changes.levels[met].has_value());
  CHECK(changes.levels[met]->scale < 400);
  CHECK(std::any_of(changes.links.begin(), changes.links.end(), [](const auto& one) {
    return one.slot == kCarol.slot && one.lease.rate == 0;
  }));
}

}  // namespace
}  // namespace covfefe
