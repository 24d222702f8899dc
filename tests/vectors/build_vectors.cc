// SPDX-License-Identifier: Apache-2.0
// Circuit builds against known answers: paths of 1 to 5 hops, a refusal, and tampered packets.
#include <doctest/doctest.h>

#include "crypto/build.h"
#include "support/fixed_entropy.h"
#include "support/json.h"
#include "wire/build.h"

using covfefe::ByteView;
using covfefe::test::FixedEntropy;
using covfefe::test::Json;
using namespace covfefe::crypto;

namespace {

using Bytes = std::vector<std::uint8_t>;

template <typename T>
Bytes bytes(const T& from) {
  return {from.begin(), from.end()};
}

template <std::size_t N>
covfefe::ByteArray<N> array(const Json& json) {
  const Bytes from = json.bytes();
  REQUIRE(from.size() == N);
  covfefe::ByteArray<N> out{};
  covfefe::copy(from, out);
  return out;
}

SecretKey secret(const Json& json) {
  return SecretKey(array<kKeySize>(json));
}

void append(Bytes& to, const Bytes& from) {
  to.insert(to.end(), from.begin(), from.end());
}

std::vector<BuildStop> path_of(const Json& v) {
  std::vector<BuildStop> out;
  for (const Json& hop : v["hops"].items()) {
    out.push_back({array<32>(hop["O"]), array<80>(hop["record"]["bytes"])});
  }
  return out;
}

// In the order in which the origin asks for it.
FixedEntropy origin_random(const Json& v) {
  Bytes out;
  for (const Json& hop : v["hops"].items()) append(out, hop["e_secret"].bytes());
  append(out, v["padding"].bytes());
  return FixedEntropy(out);
}

struct Made {
  OriginBuild build;
  BuildPacket packet{};
};
Made origin_makes(const Json& v) {
  FixedEntropy random = origin_random(v);
  BuildPacket packet{};
  auto build = OriginBuild::make(path_of(v), v["P"].bytes(), random, packet);
  REQUIRE(build.ok());
  CHECK(random.used_up());
  return {std::move(*build), packet};
}

KeyPair onion_key(const Json& hop) {
  return key_pair(secret(hop["onion_secret"]));
}

struct Passed {
  OpenedRecord opened;
  HopBuild hop;
};
Passed hop_opens(const Json& hop, ByteView packet) {
  const KeyPair onion = onion_key(hop);
  CHECK(onion.public_key == array<32>(hop["O"]));
  auto opened = open_build(onion, packet);
  REQUIRE(opened.ok());
  FixedEntropy random(hop["y_secret"].bytes());
  auto answer = HopBuild::answer({*opened, onion.public_key, packet}, random);
  REQUIRE(answer.ok());
  CHECK(random.used_up());
  return {std::move(*opened), std::move(*answer)};
}

// The hops that the build reaches: all, or up to the one that refuses.
std::vector<Passed> reach(const Json& v, BuildPacket packet) {
  std::vector<Passed> out;
  for (const Json& hop : v["hops"].items()) {
    if (!hop.has("M")) break;
    CHECK(bytes(packet) == hop["M"].bytes());
    out.push_back(hop_opens(hop, packet));
    out.back().hop.pass(packet);
  }
  return out;
}

BuildPacket come_back(const Json& v, const std::vector<Passed>& passed) {
  Bytes random = v["reply_padding"].bytes();
  const bool refused = v["refusing_hop"].number() != 0;
  if (refused) append(random, v["reply_random_P"].bytes());
  const Bytes answer = refused ? Bytes{} : v["reply_payload"].bytes();
  FixedEntropy padding(random);
  BuildPacket packet{};
  for (std::size_t i = passed.size(); i-- > 0;) {
    const Json& hop = v["hops"].items()[i];
    const auto reply = array<80>(hop["reply_record"]["bytes"]);
    if (i + 1 == passed.size()) {
      passed[i].hop.finish(reply, answer, packet, padding);
    } else {
      passed[i].hop.wrap(reply, packet, packet);
    }
    CHECK(bytes(packet) == hop["reply"].bytes());
  }
  CHECK(padding.used_up());
  return packet;
}

bool granted(const BuildRecordBytes& reply) {
  return reply[0] == 0;
}

template <typename Run>
void each(Run run) {
  const Json file = Json::load(std::string(VECTORS) + "/build.json");
  std::size_t seen = 0;
  for (const Json& v : file["vectors"].items()) {
    INFO(v["label"].text());
    run(v);
    ++seen;
  }
  CHECK(seen == 6);
}

std::uint32_t u32(const Json& json) {
  return static_cast<std::uint32_t>(json.number());
}

void check_record(const Json& json) {
  using namespace covfefe::wire;
  const Bytes raw = json["bytes"].bytes();
  const auto record = parse_build_record(raw);
  REQUIRE(record.ok());
  const std::uint64_t flags = json["flags"].number();
  CHECK(record->terminal == ((flags & 1) != 0));
  CHECK(record->accept_less == ((flags & 2) != 0));
  CHECK(static_cast<std::uint64_t>(record->circuit_class) == json["lane_class"].number());
  CHECK(record->made_at == u32(json["made_at"]));
  CHECK(record->rate == u32(json["rate"]));
  CHECK(record->least_rate == u32(json["least_rate"]));
  CHECK(record->duration == u32(json["duration"]));
  CHECK(record->lifetime == u32(json["lifetime"]));
  CHECK(record->delta == json["delta"].number());
  CHECK(bytes(record->next) == json["next_hop_handle"].bytes());
  CHECK(bytes(record->ticket) == json["ticket"].bytes());
  Bytes again(raw.size());
  write_build_record(*record, again);
  CHECK(again == raw);
}

void check_reply(const Json& json) {
  using namespace covfefe::wire;
  const Bytes raw = json["bytes"].bytes();
  const auto reply = parse_build_reply(raw);
  REQUIRE(reply.ok());
  CHECK(static_cast<std::uint64_t>(reply->status) == json["status"].number());
  CHECK(reply->less == (json["flags"].number() == 1));
  CHECK(reply->rate == u32(json["rate"]));
  CHECK(reply->until == u32(json["until"]));
  CHECK(reply->lease == u32(json["lease_id"]));
  Bytes again(raw.size());
  write_build_reply(*reply, again);
  CHECK(again == raw);
}

}  // namespace

TEST_CASE("the origin's build packet and every hop's are as computed elsewhere") {
  each([](const Json& v) {
    const Made made = origin_makes(v);
    const auto passed = reach(v, made.packet);
    const auto& hops = v["hops"].items();
    for (std::size_t i = 0; i < passed.size(); ++i) {
      CHECK(bytes(passed[i].opened.record) == hops[i]["record"]["bytes"].bytes());
      CHECK(bytes(passed[i].opened.k1.view()) == hops[i]["K1"].bytes());
      CHECK(bytes(passed[i].hop.ephemeral()) == hops[i]["e"].bytes());
      CHECK(bytes(passed[i].hop.keys().forward.view()) == hops[i]["kf"].bytes());
      CHECK(bytes(passed[i].hop.keys().backward.view()) == hops[i]["kb"].bytes());
    }
    CHECK(bytes(made.build.last_ephemeral()) == hops.back()["e"].bytes());
    if (v["refusing_hop"].number() != 0) return;
    CHECK(passed.size() == v["length"].number());
    CHECK(bytes(passed.back().hop.payload()) == v["P"].bytes());
  });
}

TEST_CASE("every hop's answer is as computed elsewhere and the origin finds what it should") {
  each([](const Json& v) {
    const Made made = origin_makes(v);
    const auto passed = reach(v, made.packet);
    const auto opened = made.build.open(come_back(v, passed), granted);
    const Json& expected = v["origin_opens"];
    const auto& replies = expected["reply_records"].items();
    REQUIRE(opened.replies.size() == expected["stopped_at"].number());
    REQUIRE(opened.replies.size() == replies.size());
    for (std::size_t i = 0; i < replies.size(); ++i) {
      CHECK(bytes(opened.replies[i]) == replies[i].bytes());
      const Json& hop = v["hops"].items()[i];
      CHECK(bytes(opened.keys[i].forward.view()) == hop["kf"].bytes());
      CHECK(bytes(opened.keys[i].backward.view()) == hop["kb"].bytes());
    }
    CHECK(opened.complete == (expected["outcome"].text() == "built"));
    if (opened.complete) CHECK(bytes(opened.answer) == expected["reply_payload"].bytes());
  });
}

TEST_CASE("a tampered build packet is refused by the hop that gets it") {
  each([](const Json& v) {
    const Json& t = v["tampered"];
    const Json& hop = v["hops"].items()[t["rejecting_hop"].number() - 1];
    Bytes packet = hop["M"].bytes();
    const KeyPair onion = onion_key(hop);
    CHECK(open_build(onion, packet).ok());
    const std::size_t at = t["flip_offset"].number();
    packet[at] = static_cast<std::uint8_t>(packet[at] ^ t["flip_mask"].number());
    const auto opened = open_build(onion, packet);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error() == covfefe::Reject::Forged);
  });
}

TEST_CASE("records and replies say what was written into them elsewhere") {
  each([](const Json& v) {
    for (const Json& hop : v["hops"].items()) {
      check_record(hop["record"]);
      if (hop.has("reply_record")) check_reply(hop["reply_record"]);
    }
  });
}
