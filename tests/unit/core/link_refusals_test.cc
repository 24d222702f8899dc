// SPDX-License-Identifier: Apache-2.0
// What is refused on the way to a link and on it, and how the operator reads of it.
#include <doctest/doctest.h>

#include "tests/unit/core/link_world.h"

using namespace covfefe;
using namespace covfefe::test;

TEST_CASE("rekeying that a friend only pretends is counted as malformed, and the link carries on") {
  Two t;
  t.load();
  REQUIRE(t.both_up());
  const std::uint64_t before = t.b.counter("link.malformed");
  ByteArray<wire::kRekeyMessage> noise{};
  noise.fill(0x5a);
  const auto say = [&](const wire::Control& message) {
    t.a.step([&] { CHECK(t.a.links->send_control(t.a.slot(t.b), message, t.world.now)); });
    t.world.run_for(Duration::seconds(1));
  };
  say({wire::RekeyOffer{{wire::kFirstReceiverIndex - 1}, noise}});
  CHECK(t.b.counter("link.malformed") == before + 1);
  say({wire::RekeyOffer{{wire::kFirstReceiverIndex}, noise}});
  CHECK(t.b.counter("link.malformed") == before + 2);
  say({wire::RekeyAnswer{{wire::kFirstReceiverIndex}, noise}});
  CHECK(t.b.counter("link.malformed") == before + 2);
  CHECK(t.b.controls.empty());
  CHECK(t.exchange());
}

TEST_CASE("a keystore that refuses the friend, or says nothing, is named as what failed") {
  Two t;
  SUBCASE("refuses") {
    t.a.keystore.forget(t.b.keystore.static_key());
    t.b.keystore.forget(t.a.keystore.static_key());
    t.load();
    t.world.run_for(Duration::seconds(20));
    CHECK(t.a.report(t.b).handshake_failure.find("the keystore refuses this friend") == 0);
  }
  SUBCASE("says nothing") {
    t.load();
    t.a.keystore_alive = false;
    t.a.asked.clear();
    t.b.keystore_alive = false;
    t.b.asked.clear();
    t.world.run_for(Duration::seconds(30));
    CHECK(t.a.report(t.b).handshake_failure == "the keystore does not answer");
  }
  CHECK_FALSE(t.a.up(t.b));
}
