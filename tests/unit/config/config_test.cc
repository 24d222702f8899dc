// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>

namespace covfefe::config {
namespace {

Config rich() {
  Config config;
  config.name = "alice-2";
  config.listen.control = {*parse_address("192.0.2.7"), 7000, 0};
  config.listen.data = {{*parse_address("2001:db8::7"), 7001, 0}, {Address{}, 7002, 0}};
  config.tun.name = "cov.1";
  config.tun.exclude = {{*parse_address("fd12:3456:789a::"), 48}, {*parse_address("fd00::"), 9}};
  config.capacity = {Rate{1'250'000}, Rate{10'240}, false, false};
  config.link_overhead = 38;
  config.min_trusted_entries = 3;
  config.circuits = {4, false, false};
  config.shaping.control = {Rate{16'384}, 0};
  config.shaping.donate = {{}, 125};
  config.shaping.levels[3] = {{{}, 100}, {Rate{2'000}, 0}, 1'000, {{}, 1'000}};
  config.shaping.friends = {{"alice", {Rate{65'536}, 0}, {{}, 5}, 2, Amount{}, IdleLane::Off},
                            {"bob-2", {}, {}, 7, {}, {}}};
  config.idle_lane = IdleLane::Metered;
  config.promises = {false, Duration::minutes(90)};
  config.require_luks = false;
  return config;
}

void check_same(const Config& a, const Config& b) {
  CHECK(a.name == b.name);
  CHECK(a.listen.control == b.listen.control);
  CHECK(a.listen.data == b.listen.data);
  CHECK(a.tun.name == b.tun.name);
  CHECK(a.tun.exclude == b.tun.exclude);
  CHECK(a.capacity == b.capacity);
  CHECK(a.shaping == b.shaping);
  CHECK(a.idle_lane == b.idle_lane);
  CHECK(a.promises == b.promises);
  CHECK(a.link_overhead == b.link_overhead);
  CHECK(a.min_trusted_entries == b.min_trusted_entries);
  CHECK(a.circuits.per_destination == b.circuits.per_destination);
  CHECK(a.circuits.accept_strangers == b.circuits.accept_strangers);
  CHECK(a.circuits.relay == b.circuits.relay);
  CHECK(a.require_luks == b.require_luks);
}

TEST_CASE("an empty configuration has the documented defaults") {
  for (const char* text : {"", "# nothing\n", "---\n", "tun:\n"}) {
    CAPTURE(text);
    const auto config = parse_config(text, "f");
    REQUIRE(config.ok());
    CHECK(config->listen.control == Endpoint{Address{}, 6363, 0});
    REQUIRE(config->listen.data.size() == 2);
    CHECK(config->listen.data[0].port == 6364);
    CHECK(config->listen.data[1].port == 6365);
    CHECK(config->tun.name == "covfefe0");
    CHECK(config->capacity == Capacity{Rate{}, Rate{}, true, true});
    CHECK(config->shaping == Shaping{});
    CHECK(config->idle_lane == IdleLane::AlwaysOn);
    CHECK(config->promises == Promises{true, {}});
    CHECK(config->min_trusted_entries == 2);
    CHECK(config->circuits.per_destination == 2);
    CHECK(config->circuits.accept_strangers);
    CHECK(config->circuits.relay);
    CHECK(config->require_luks);
  }
}

TEST_CASE("the default file and the effective configuration are read back unchanged") {
  for (const Config& config : {Config{}, rich()}) {
    const auto documented = parse_config(default_text(config), "f");
    REQUIRE(documented.ok());
    check_same(*documented, config);
    const auto bare = parse_config(emit_config(config), "f");
    REQUIRE(bare.ok());
    check_same(*bare, config);
  }
  CHECK(emit_config(rich()).find('#') == std::string::npos);
  CHECK(default_text(rich()).find("# ") != std::string::npos);
}

TEST_CASE("a key may be written below its section or with dots") {
  const auto nested = parse_config("listen:\n  control: 7000\ncapacity: {up: 10 Mbit/s}\n", "f");
  const auto dotted = parse_config("listen.control: 7000\ncapacity.up: 10 Mbit/s\n", "f");
  REQUIRE(nested.ok());
  REQUIRE(dotted.ok());
  check_same(*nested, *dotted);
  CHECK(dotted->listen.control.port == 7000);
  CHECK(dotted->capacity.up.bytes_per_second == 1'250'000);
}

TEST_CASE("ADDR:PORT, brackets and the star are read as listening addresses") {
  CHECK(parse_listen("*:7000")->ip == Address{});
  CHECK(parse_listen("7000")->port == 7000);
  CHECK(parse_listen("127.0.0.1:7000")->ip == *parse_address("127.0.0.1"));
  CHECK(parse_listen("[::1]:7000")->ip == *parse_address("::1"));
  CHECK(parse_listen("[::]:7000")->ip == Address{});
}

TEST_CASE("friends are named in the map of their petnames, in any order, nested or with dots") {
  const auto config = parse_config(
      "shaping:\n  friends:\n    zoe: {cap: 12.5 %}\n    bob:\n      weight: 3\n"
      "shaping.friends.bob.idle: metered\nshaping.friends.ann.quota: none\n",
      "f");
  REQUIRE(config.ok());
  REQUIRE(config->shaping.friends.size() == 3);
  CHECK(config->shaping.friends[0].petname == "ann");
  const FriendShaping* bob = find_friend(config->shaping, "bob");
  REQUIRE(bob != nullptr);
  CHECK(bob->weight == 3);
  CHECK(idle_of(bob, IdleLane::Off) == IdleLane::Metered);
  CHECK_FALSE(bob->quota.has_value());
  const FriendShaping* zoe = find_friend(config->shaping, "zoe");
  REQUIRE(zoe != nullptr);
  CHECK(zoe->cap == Amount{{}, 125});
  CHECK(idle_of(zoe, IdleLane::Off) == IdleLane::Off);
  CHECK(config->shaping.friends[0].quota == Amount{});
  CHECK(find_friend(config->shaping, "bo") == nullptr);
}

TEST_CASE("the uplink is a rate, learned or without a limit, and may be learned below the rate") {
  CHECK(parse_config("capacity.up: auto\n", "f")->capacity == Capacity{{}, {}, true, true});
  CHECK(parse_config("capacity.up: unlimited\n", "f")->capacity == Capacity{{}, {}, false, true});
  CHECK(parse_config("capacity: {up: 1 MB/s, learn: no}\n", "f")->capacity ==
        Capacity{Rate{1'000'000}, {}, false, false});
}

TEST_CASE("more friends than can be shaped are refused") {
  std::string text = "shaping:\n  friends:\n";
  for (std::size_t i = 0; i <= kMaxShapedFriends; ++i)
    text += "    f" + std::to_string(i) + ": {weight: 2}\n";
  const auto config = parse_config(text, "f");
  REQUIRE_FALSE(config.ok());
  CHECK(config.error().message.find("more than 2048") != std::string::npos);
}

TEST_CASE("what differs between two configurations is named key by key") {
  Config before;
  before.shaping.friends = {{"bob", {}, {}, 1, {}, {}}, {"eve", {}, {}, 1, {}, {}}};
  Config after = before;
  CHECK(changed_keys(before, after).empty());
  after.name = "other";
  after.capacity = {Rate{1'250'000}, {}, false, true};
  after.listen.data[1].port = 7002;
  after.shaping.levels[2].cap = {{}, 100};
  after.shaping.friends[0].idle = IdleLane::Off;
  after.shaping.friends[1].petname = "zoe";
  const std::vector<std::string> expected = {"name",
                                             "listen.data",
                                             "capacity.up",
                                             "shaping.levels.known.cap",
                                             "shaping.friends.bob.idle",
                                             "shaping.friends.zoe",
                                             "shaping.friends.eve"};
  CHECK(changed_keys(before, after) == expected);
}

TEST_CASE("what is settled at start stays as it is, and is named until the restart") {
  const Applied once = apply_live(Config{}, rich());
  CHECK(once.now.name == Config{}.name);
  CHECK(once.now.listen.control == Config{}.listen.control);
  CHECK(once.now.shaping == rich().shaping);
  CHECK(once.now.capacity.up == rich().capacity.up);
  CHECK(once.changed == changed_keys(Config{}, rich()));
  const Applied again = apply_live(once.now, rich());
  CHECK_FALSE(again.changed.empty());
  for (const std::string& key : again.changed) {
    CAPTURE(key);
    CHECK(needs_restart(key));
  }
  for (const std::string& key : once.changed) {
    CAPTURE(key);
    const bool again_named =
        std::find(again.changed.begin(), again.changed.end(), key) != again.changed.end();
    CHECK(needs_restart(key) == again_named);
  }
}

struct BadRow {
  const char* text;
  std::uint32_t line;
  const char* key;
  const char* message;  // a part of it
};

constexpr std::array<BadRow, 89> kBad{{
    {"nmae: alice\n", 1, "nmae", "nearest known one is 'name'"},
    {"\n\nlisten:\n  contrl: 1\n", 4, "listen.contrl", "'listen.control'"},
    {"name: alice\nname: bob\n", 2, "", "stands twice"},
    {"listen:\n  control: 7000\nlisten.control: 7001\n", 3, "listen.control", "twice"},
    {"name: Alice\n", 1, "name", "'Alice' is not"},
    {"name: \"\"\n", 1, "name", "is not 1..63"},
    {"name:\n", 1, "name", "has no value"},
    {"name: [a]\n", 1, "name", "is not 1..63"},
    {"name: {a: b}\n", 1, "name", "not a section"},
    {"listen: 6363\n", 1, "listen", "is a section"},
    {"listen:\n  control: 0\n", 2, "listen.control", "1 to 65535"},
    {"listen:\n  control: 65536\n", 2, "listen.control", "1 to 65535"},
    {"listen:\n  control: -1\n", 2, "listen.control", "neither PORT"},
    {"listen:\n  control: host:6363\n", 2, "listen.control", "neither PORT"},
    {"listen:\n  control: 224.0.0.1:6363\n", 2, "listen.control", "multicast"},
    {"listen:\n  control: \"[ff02::1]:6363\"\n", 2, "listen.control", "multicast"},
    {"listen:\n  control: [6363]\n", 2, "listen.control", "must be one PORT"},
    {"listen:\n  data: 6364\n", 2, "listen.data", "list of two"},
    {"listen:\n  data: [6364]\n", 2, "listen.data", "list of two"},
    {"listen:\n  data: [1, 2, 3]\n", 2, "listen.data", "list of two"},
    {"listen:\n  data:\n    - 6364\n    - 99999\n", 4, "listen.data", "'99999'"},
    {"listen:\n  data: [7000, 7000]\n", 2, "listen", "three different ports"},
    {"listen:\n  control: 6364\n", 2, "listen", "three different ports"},
    {"tun:\n  name: a/b\n", 2, "tun.name", "not an interface name"},
    {"tun:\n  name: sixteen-letters-\n", 2, "tun.name", "not an interface name"},
    {"tun:\n  name: ..\n", 2, "tun.name", "not an interface name"},
    {"tun:\n  exclude: fd00::/8\n", 2, "tun.exclude", "must be a list"},
    {"tun:\n  exclude:\n    - fd12::/16\n    - 2001:db8::/32\n", 4, "tun.exclude", "fd00::/8"},
    {"tun:\n  exclude: [fd12:1::/16]\n", 2, "tun.exclude", "bits set behind"},
    {"tun:\n  exclude: [fd00::/7]\n", 2, "tun.exclude", "not within"},
    {"tun:\n  exclude: [fd00::/129]\n", 2, "tun.exclude", "is not a prefix"},
    {"tun:\n  exclude: [\"fd00::\"]\n", 2, "tun.exclude", "PREFIX/LENGTH"},
    {"capacity:\n  up: fast\n", 2, "capacity.up", "must start with a number"},
    {"capacity:\n  up: -5 Mbit/s\n", 2, "capacity.up", "negative"},
    {"capacity:\n  down: 10\n", 2, "capacity.down", "needs a unit"},
    {"capacity:\n  down: 99999999999999999999 Mbit/s\n", 2, "capacity.down", "19 digits"},
    {"capacity:\n  down: 2 Tbit/s\n", 2, "capacity.down", "greatest rate"},
    {"capacity:\n  down: 1 kbit/s\n", 2, "capacity.down", "least rate"},
    {"link:\n  overhead: 300\n", 2, "link.overhead", "from 0 to 256"},
    {"link:\n  overhead: -1\n", 2, "link.overhead", "from 0 to 256"},
    {"min_trusted_entries: 4294967298\n", 1, "min_trusted_entries", "from 0 to 64"},
    {"min_trusted_entries: two\n", 1, "min_trusted_entries", "'two' is not"},
    {"circuits:\n  per_destination: 0\n", 2, "circuits.per_destination", "from 1 to 4"},
    {"circuits:\n  per_destination: 5\n", 2, "circuits.per_destination", "from 1 to 4"},
    {"circuits:\n  strangers: yes\n", 2, "circuits.strangers", "neither accept nor refuse"},
    {"circuits:\n  relay: accept\n", 2, "circuits.relay", "neither yes nor no"},
    {"circuits.relay:\n", 1, "circuits.relay", "has no value"},
    {"circuits: 2\n", 1, "circuits", "is a section"},
    {"circuits:\n  stranger: accept\n", 2, "circuits.stranger", "'circuits.strangers'"},
    {"storage:\n  require_luks: maybe\n", 2, "storage.require_luks", "neither yes nor no"},
    {"storage:\n  require_luks: \"\\u001b[2J\"\n", 2, "storage.require_luks", "control character"},
    {"capacity:\n  learn: maybe\n", 2, "capacity.learn", "neither yes nor no"},
    {"capacity:\n  learn: no\n", 2, "capacity.learn", "must be a rate or unlimited"},
    {"capacity:\n  up: automatic\n", 2, "capacity.up", "must start with a number"},
    {"shaping:\n  control: 30 %\n", 2, "shaping.control", "1 % to 25 %"},
    {"shaping:\n  control: 0.9 %\n", 2, "shaping.control", "1 % to 25 %"},
    {"shaping:\n  control: 0\n", 2, "shaping.control", "1 % to 25 %"},
    {"shaping:\n  control: 8 kB/s\n", 2, "shaping.control", "8 KiB/s"},
    {"shaping:\n  donate: none\n", 2, "shaping.donate", "circuits.relay: no"},
    {"shaping:\n  donate: 101 %\n", 2, "shaping.donate", "more than 100 %"},
    {"shaping:\n  donate: 100.1 %\n", 2, "shaping.donate", "more than 100 %"},
    {"shaping:\n  donate: 999999999999999 %\n", 2, "shaping.donate", "more than 100 %"},
    {"shaping:\n  donate: 1.25 %\n", 2, "shaping.donate", "one digit"},
    {"shaping:\n  donate: -1 %\n", 2, "shaping.donate", "negative"},
    {"shaping:\n  donate: 5 percent%\n", 2, "shaping.donate", "NUMBER %"},
    {"shaping:\n  donte: 5 %\n", 2, "shaping.donte", "'shaping.donate'"},
    {"shaping:\n  levels:\n    mat: {cap: 1 %}\n", 3, "shaping.levels.mat", "no level of trust"},
    {"shaping:\n  levels:\n    mat:\n", 3, "shaping.levels.mat", "no level of trust"},
    {"shaping.levels.mat.cap: 1 %\n", 1, "shaping.levels.mat.cap", "no level of trust"},
    {"shaping.levels.met: 1 %\n", 1, "shaping.levels.met", "is a section"},
    {"shaping.levels.met.cpa: 1 %\n", 1, "shaping.levels.met.cpa", "'shaping.levels.met.cap'"},
    {"shaping.levels.met.idle: off\n", 1, "shaping.levels.met.idle", "unknown key"},
    {"shaping.levels.met.cap: 0\n", 1, "shaping.levels.met.cap", "no cap is 'none'"},
    {"shaping.levels.met.reserve: unlimited\n", 1, "shaping.levels.met.reserve", "no amount"},
    {"shaping.levels.met.weight: 0\n", 1, "shaping.levels.met.weight", "from 1 to 1000"},
    {"shaping.levels.met.weight: 1001\n", 1, "shaping.levels.met.weight", "from 1 to 1000"},
    {"shaping.levels.met: {cap: 9 %, reserve: 10 %}\n", 1, "shaping.levels.met.reserve", "above"},
    {"shaping.friends: {Bob: {cap: 1 %}}\n", 1, "shaping.friends.Bob", "no petname"},
    {"shaping.friends: {bob-: }\n", 1, "shaping.friends.bob-", "no petname"},
    {"shaping.friends:\n  bob:\n    idel: off\n", 3, "shaping.friends.bob.idel",
     "friends.bob.idle"},
    {"shaping.friends.bob.idle: no\n", 1, "shaping.friends.bob.idle", "none of always-on"},
    {"shaping.friends: {bob: {reserve: 2 MB/s, cap: 1 MB/s}}\n", 1, "shaping.friends.bob.cap",
     "above the cap"},
    {"idle_lane: slow\n", 1, "idle_lane", "none of always-on, metered and off"},
    {"promises.lend: perhaps\n", 1, "promises.lend", "neither yes nor no"},
    {"promises.please: 25 h\n", 1, "promises.please", "between 1 s and 24 h"},
    {"- name\n", 1, "", "must be a map"},
    {"name\n", 1, "", "must be a map"},
    {"name: [\n", 2, "name", "not readable"},
    {"name: a\n\tb: c\n", 2, "name", "not readable"},
}};

TEST_CASE("every wrong value is refused with its file, line, key and what would be right") {
  for (const BadRow& row : kBad) {
    CAPTURE(row.text);
    const auto config = parse_config(row.text, "etc/covfefenet.yaml");
    REQUIRE_FALSE(config.ok());
    CAPTURE(config.error().text());
    CHECK(config.error().file == "etc/covfefenet.yaml");
    CHECK(config.error().line == row.line);
    CHECK(config.error().key == row.key);
    CHECK(config.error().message.find(row.message) != std::string::npos);
  }
}

TEST_CASE("an error prints as file:line: key: message") {
  const ConfigError error{"etc/covfefenet.yaml", 12, "listen.control", "is wrong"};
  CHECK(error.text() == "etc/covfefenet.yaml:12: listen.control: is wrong");
  CHECK(ConfigError{"f", 0, "", "too long"}.text() == "f: too long");
}

TEST_CASE("a very long value is cut in the message about it") {
  const auto config = parse_config("tun: {name: " + std::string(900, 'x') + "}", "f");
  REQUIRE_FALSE(config.ok());
  CHECK(config.error().text().size() < 200);
}

}  // namespace
}  // namespace covfefe::config
