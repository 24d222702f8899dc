// SPDX-License-Identifier: Apache-2.0
// What the compiler must not do to keys: with -ftrivial-auto-var-init GCC 12.2 zeroes bytes of the
// onion keys in a path that is copied into an aggregate.
#include <doctest/doctest.h>

#include <numeric>
#include <optional>
#include <vector>

#include "core/circuit/peer.h"

namespace covfefe::core {
namespace {

struct Need {
  CircuitPath path;
  CircuitId replaces;
};

[[gnu::noinline]] std::vector<CircuitPath> make_paths() {
  PathHop hop;
  std::iota(hop.onion_key.begin(), hop.onion_key.end(), std::uint8_t{1});
  CircuitPath path;
  path.hops.push_back(hop);
  path.hops.push_back(hop);
  return {path};
}
[[gnu::noinline]] std::optional<Need> need(CircuitId replaces) {
  const std::vector<CircuitPath> paths = make_paths();
  if (paths.empty()) return std::nullopt;
  return Need{paths.front(), replaces};
}
bool whole(const CircuitPath& path) {
  std::uint8_t expected = 1;
  for (const std::uint8_t byte : path.hops[0].onion_key) {
    if (byte != expected++) return false;
  }
  return true;
}

TEST_CASE("a path that is copied into a struct keeps every byte of its keys") {
  CHECK(whole(make_paths().front()));
  CHECK(whole(need({5})->path));
  std::vector<Shunned> shunned;
  const std::vector<CircuitPath> paths = make_paths();
  shunned.push_back({paths.front(), Instant{7}});
  CHECK(whole(shunned.front().path));
}

}  // namespace
}  // namespace covfefe::core
