// SPDX-License-Identifier: Apache-2.0
// The data onion against known answers: both sizes, both directions, paths of 1 to 5 hops.
#include <doctest/doctest.h>

#include "crypto/onion.h"
#include "support/fixed_entropy.h"
#include "support/json.h"

using covfefe::test::Json;
using namespace covfefe::crypto;

namespace {

using Bytes = std::vector<std::uint8_t>;

struct Path {
  explicit Path(const Json& v) : first(v["w_1"].number()) {
    for (const Json& hop : v["hops"].items()) {
      OriginHop out;
      const Bytes kf = hop["kf"].bytes();
      const Bytes kb = hop["kb"].bytes();
      out.keys.forward = SecretKey(KeyView(kf.data(), kKeySize));
      out.keys.backward = SecretKey(KeyView(kb.data(), kKeySize));
      if (hop.has("delta")) out.delta = hop["delta"].number();
      counters.push_back(hop["w"].number());
      hops.push_back(std::move(out));
    }
  }
  [[nodiscard]] KeyAt forward(std::size_t i) const {
    return {hops[i].keys.forward.view(), counters[i]};
  }
  [[nodiscard]] KeyAt backward(std::size_t i) const {
    return {hops[i].keys.backward.view(), counters[i]};
  }

  std::uint64_t first;
  std::vector<OriginHop> hops;
  std::vector<std::uint64_t> counters;
};

Bytes cell(const Json& json) {
  return json.bytes();
}

Bytes body(const Bytes& onion) {
  return {onion.begin() + kSlotsSize, onion.end()};
}

Bytes onion_with(const Bytes& text) {
  Bytes out(kSlotsSize + text.size());
  covfefe::copy(text, body_of(covfefe::MutableBytes(out)));
  return out;
}

// The hop (from 1) that refuses, or 0 when the destination gets the body.
std::size_t forward_until_refused(const Path& path, Bytes onion, std::size_t from, Bytes& out) {
  for (std::size_t i = from; i + 1 < path.hops.size(); ++i) {
    Bytes next(onion.size());
    if (!relay_forward(path.forward(i), onion, next)) return i + 1;
    onion = next;
  }
  Bytes plain(onion.size());
  if (!hop_open(path.forward(path.hops.size() - 1), onion, plain)) return path.hops.size();
  out = body(plain);
  return 0;
}

template <typename Run>
void each(Run run) {
  const Json file = Json::load(std::string(VECTORS) + "/onion_data.json");
  std::size_t seen = 0;
  for (const Json& v : file["vectors"].items()) {
    INFO(v["label"].text());
    run(v, Path(v));
    ++seen;
  }
  CHECK(seen == 10);
}

}  // namespace

TEST_CASE("the origin's cell and every relay's are as computed elsewhere") {
  each([](const Json& v, const Path& path) {
    const Json& f = v["forward"];
    const auto& cells = f["cells"].items();
    covfefe::test::FixedEntropy padding(f["padding"].bytes());
    Bytes onion = onion_with(f["body"].bytes());
    origin_seal(path.hops, path.first, padding, onion);
    CHECK(padding.used_up());
    CHECK(onion == cell(cells[0]));
    for (std::size_t i = 0; i + 1 < path.hops.size(); ++i) {
      Bytes next(onion.size());
      CHECK(relay_forward(path.forward(i), onion, next));
      CHECK(next == cell(cells[i + 1]));
      onion = next;
    }
    Bytes plain(onion.size());
    CHECK(hop_open(path.forward(path.hops.size() - 1), onion, plain));
    CHECK(body(plain) == f["body_at_destination"].bytes());
  });
}

TEST_CASE("a tampered forward cell dies at the first honest hop") {
  each([](const Json& v, const Path& path) {
    const Json& t = v["forward"]["tampered"];
    const std::size_t hop = t["rejecting_hop"].number();
    Bytes out;
    CHECK(forward_until_refused(path, cell(t["cell"]), hop - 1, out) == hop);
    CHECK(out.empty());
  });
}

TEST_CASE("backward cells are as computed elsewhere and the origin opens them") {
  each([](const Json& v, const Path& path) {
    const Json& b = v["backward"];
    const auto& cells = b["cells"].items();
    Bytes onion = onion_with(b["body"].bytes());
    destination_seal(path.backward(path.hops.size() - 1), onion);
    CHECK(onion == cell(cells[0]));
    for (std::size_t i = 1; i < path.hops.size(); ++i) {
      relay_backward(path.backward(path.hops.size() - 1 - i), onion);
      CHECK(onion == cell(cells[i]));
    }
    Bytes plain(onion.size());
    CHECK(origin_open(path.hops, path.first, onion, plain));
    CHECK(body(plain) == b["body_at_origin"].bytes());
    CHECK(first_bad_hop(path.hops, path.first, onion) == 0);
  });
}

TEST_CASE("a tampered backward cell is refused and the slow path names the first bad tag") {
  each([](const Json& v, const Path& path) {
    const Json& t = v["backward"]["tampered"];
    const Bytes onion = cell(t["cell_at_origin"]);
    Bytes plain(onion.size());
    CHECK_FALSE(origin_open(path.hops, path.first, onion, plain));
    CHECK(first_bad_hop(path.hops, path.first, onion) == t["slow_path_first_bad_tag"].number());
  });
}

TEST_CASE("a bit flipped anywhere in a forward cell is refused by the hop that gets it") {
  each([](const Json& v, const Path& path) {
    const auto& cells = v["forward"]["cells"].items();
    for (std::size_t hop = 0; hop < path.hops.size(); ++hop) {
      Bytes onion = cell(cells[hop]);
      std::size_t passed = 0;
      for (std::size_t at = 0; at < onion.size(); at += 13) {
        onion[at] ^= 0x10;
        Bytes out;
        passed += forward_until_refused(path, onion, hop, out) == hop + 1 ? 0 : 1;
        onion[at] ^= 0x10;
      }
      CHECK(passed == 0);
    }
  });
}

TEST_CASE("a bit flipped in the body of a backward cell is refused by the origin") {
  each([](const Json& v, const Path& path) {
    Bytes onion = cell(v["backward"]["cells"].items().back());
    std::size_t passed = 0;
    for (std::size_t at = kSlotsSize; at < onion.size(); at += 7) {
      onion[at] ^= 0x04;
      Bytes plain(onion.size());
      passed += origin_open(path.hops, path.first, onion, plain) ? 1 : 0;
      onion[at] ^= 0x04;
    }
    CHECK(passed == 0);
  });
}
