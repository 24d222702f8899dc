// SPDX-License-Identifier: Apache-2.0
// Link keys, the link layer of cells, addresses and build frame heads against known answers.
#include <doctest/doctest.h>

#include "base/hex.h"
#include "crypto/address.h"
#include "crypto/dh.h"
#include "crypto/link_cell.h"
#include "crypto/mac.h"
#include "crypto/onion.h"
#include "crypto/sign.h"
#include "support/fixed_entropy.h"
#include "support/json.h"
#include "wire/link_frames.h"

using covfefe::ByteView;
using covfefe::test::Json;
using namespace covfefe::crypto;

namespace {

using Bytes = std::vector<std::uint8_t>;

Json load(const char* name) {
  return Json::load(std::string(VECTORS) + "/" + name);
}

KeyView key(const Bytes& bytes) {
  return KeyView(bytes.data(), kKeySize);
}
SecretKey secret(const Json& json) {
  return SecretKey(key(json.bytes()));
}

template <typename T>
Bytes bytes(const T& from) {
  return {from.begin(), from.end()};
}

CellSeal seal_of(const Json& v) {
  CellSeal out;
  out.receiver.value = static_cast<std::uint32_t>(v["receiver_index"].number());
  out.counter = (v["lane"].number() << 56) | v["seq"].number();
  out.head.circuit = static_cast<std::uint32_t>(v["circuit_id"].number());
  out.head.hop_counter = v["hop_counter"].number();
  return out;
}

bool opens(const DirectionKeys& keys, const Bytes& datagram) {
  const std::uint64_t counter = unmask_counter(keys.header.view(), datagram);
  return open_header({keys.aead.view(), counter}, datagram).ok();
}

void check_direction(const DirectionKeys& got, const Json& expected) {
  CHECK(bytes(got.aead.view()) == expected["link_aead"].bytes());
  CHECK(bytes(got.header.view()) == expected["hp"].bytes());
  CHECK(bytes(got.link_circuit.view()) == expected["link_circuit_hop_key"].bytes());
}

}  // namespace

TEST_CASE("link keys and their export agree on both sides") {
  const Json file = load("link_keys.json");
  for (const Json& v : file["link_keys"].items()) {
    const SecretKey k_ir = secret(v["i_to_r"]["k_ir"]);
    const SecretKey k_ri = secret(v["r_to_i"]["k_ri"]);
    const LinkKeys initiator = derive_link_keys(Role::Initiator, k_ir.view(), k_ri.view());
    const LinkKeys responder = derive_link_keys(Role::Responder, k_ri.view(), k_ir.view());
    check_direction(initiator.send, v["i_to_r"]);
    check_direction(initiator.receive, v["r_to_i"]);
    check_direction(responder.send, v["r_to_i"]);
    check_direction(responder.receive, v["i_to_r"]);
    CHECK(bytes(initiator.export_key.view()) == v["export"].bytes());
    CHECK(bytes(responder.export_key.view()) == v["export"].bytes());
  }
}

TEST_CASE("a whole link-circuit datagram is as computed elsewhere") {
  const Json file = load("link_keys.json");
  for (const Json& v : file["link_circuit_cells"].items()) {
    const Json* keys = nullptr;
    for (const Json& k : file["link_keys"].items()) {
      if (k["label"].text() == v["label"].text()) keys = &k;
    }
    REQUIRE(keys != nullptr);
    REQUIRE(v["direction"].text() == "i_to_r");
    const SecretKey k_ir = secret((*keys)["i_to_r"]["k_ir"]);
    const SecretKey k_ri = secret((*keys)["r_to_i"]["k_ri"]);
    const LinkKeys link = derive_link_keys(Role::Initiator, k_ir.view(), k_ri.view());
    const CellSeal what = seal_of(v);
    const Bytes body = v["body"].bytes();
    Bytes onion(kSlotsSize + body.size());
    covfefe::copy(body, body_of(covfefe::MutableBytes(onion)));
    covfefe::test::FixedEntropy padding(v["padding"].bytes());
    hop_seal({link.send.link_circuit.view(), what.head.hop_counter}, padding, onion);
    CHECK(padding.used_up());
    CHECK(onion == v["onion"].bytes());
    Bytes datagram(onion.size() + 40);
    seal_cell(link.send, what, onion, datagram);
    CHECK(datagram == v["datagram"].bytes());
    Bytes plain(onion.size());
    CHECK(hop_open({link.send.link_circuit.view(), what.head.hop_counter}, onion, plain));
    CHECK(Bytes(plain.begin() + kSlotsSize, plain.end()) == body);
  }
}

TEST_CASE("cells are sealed as computed elsewhere and open again") {
  const Json file = load("cell_link.json");
  for (const Json& v : file["vectors"].items()) {
    const DirectionKeys keys{secret(v["key"]), secret(v["hp"]), {}};
    const CellSeal what = seal_of(v);
    CHECK(what.counter == v["counter"].number());
    const Bytes onion = v["onion"].bytes();
    Bytes datagram(onion.size() + 40);
    seal_cell(keys, what, onion, datagram);
    CHECK(datagram == v["datagram"].bytes());
    CHECK(receiver_index(datagram) == what.receiver);
    CHECK(unmask_counter(keys.header.view(), datagram) == what.counter);
    const auto head = open_header({keys.aead.view(), what.counter}, datagram);
    REQUIRE(head.ok());
    CHECK(head->circuit == what.head.circuit);
    CHECK(head->hop_counter == what.head.hop_counter);
    CHECK(bytes(onion_of(datagram)) == onion);
  }
}

TEST_CASE("the tampered cells are refused") {
  const Json file = load("cell_link.json");
  for (const Json& n : file["negative"].items()) {
    for (const Json& v : file["vectors"].items()) {
      if (v["id"].number() != n["of"].number()) continue;
      const DirectionKeys keys{secret(v["key"]), secret(v["hp"]), {}};
      CHECK(opens(keys, v["datagram"].bytes()));
      CHECK_FALSE(opens(keys, n["datagram"].bytes()));
    }
  }
}

TEST_CASE("any bit flipped behind the receiver index is refused") {
  const Json file = load("cell_link.json");
  bool small = false;
  for (const Json& v : file["vectors"].items()) {
    if (v["size"].text() != "S" || small) continue;
    small = true;
    const DirectionKeys keys{secret(v["key"]), secret(v["hp"]), {}};
    Bytes datagram = v["datagram"].bytes();
    std::size_t opened = 0;
    for (std::size_t bit = 4 * 8; bit < datagram.size() * 8; ++bit) {
      datagram[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
      opened += opens(keys, datagram) ? 1 : 0;
      datagram[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    }
    CHECK(opened == 0);
    CHECK(opens(keys, datagram));
  }
  CHECK(small);
}

TEST_CASE("mac1 keys come from the static key") {
  const Json file = load("link_keys.json");
  for (const Json& v : file["mac1"].items()) {
    const KeyPair pair = key_pair(secret(v["static_secret"]));
    CHECK(bytes(pair.public_key) == v["responder_static"].bytes());
    CHECK(bytes(mac1_key(pair.public_key)) == v["mac1_key"].bytes());
  }
}

TEST_CASE("overlay addresses come from the service key") {
  const Json file = load("link_keys.json");
  for (const Json& v : file["addresses"].items()) {
    const SigningPair pair = signing_pair(secret(v["ed25519_seed"]).view());
    CHECK(bytes(pair.public_key) == v["ed25519_key"].bytes());
    const covfefe::Address address = overlay_address(pair.public_key);
    CHECK(bytes(address.bytes) == v["address"].bytes());
    CHECK(covfefe::parse_address(v["address_text_full"].text()) == address);
  }
}

TEST_CASE("heads of build frames are as computed elsewhere") {
  std::size_t seen = 0;
  const Json file = load("build.json");
  for (const Json& v : file["vectors"].items()) {
    for (const Json& hop : v["hops"].items()) {
      if (!hop.has("M") || !hop.has("reply")) continue;
      Bytes build = hop["build_head"].bytes();
      const Bytes packet = hop["M"].bytes();
      build.insert(build.end(), packet.begin(), packet.end());
      Bytes built = hop["built_head"].bytes();
      const Bytes reply = hop["reply"].bytes();
      built.insert(built.end(), reply.begin(), reply.end());
      for (const Bytes& body : {build, built}) {
        const auto frame = covfefe::wire::parse_link_frame(body);
        REQUIRE(frame.ok());
        Bytes again(body.size());
        CHECK(covfefe::wire::write_link_frame(*frame, again) == body.size());
        CHECK(again == body);
        ++seen;
      }
      using namespace covfefe::wire;
      const auto one = std::get<BuildFrame>(parse_link_frame(build).value());
      const auto two = std::get<BuiltFrame>(parse_link_frame(built).value());
      CHECK(one.mine == two.yours);
    }
  }
  CHECK(seen >= 30);
}
