// SPDX-License-Identifier: Apache-2.0
// A circuit with keys, offsets and a first counter at random.
#pragma once

#include <vector>

#include "crypto/drbg.h"
#include "crypto/onion.h"

namespace covfefe::test {

using Bytes = std::vector<std::uint8_t>;

struct Circuit {
  Circuit(crypto::Drbg& random, std::size_t length) : first(random.next_u64()) {
    for (std::size_t i = 0; i < length; ++i) {
      crypto::OriginHop hop;
      random.fill(hop.keys.forward.mutable_view());
      random.fill(hop.keys.backward.mutable_view());
      hop.delta = random.next_u64();
      hops.push_back(std::move(hop));
    }
  }

  [[nodiscard]] std::size_t length() const { return hops.size(); }
  [[nodiscard]] std::uint64_t counter(std::size_t hop) const {
    std::uint64_t out = first;
    for (std::size_t i = 0; i < hop; ++i) out += hops[i].delta;
    return out;
  }
  // Of the link that ends at hop `hop`, counted from 0.
  [[nodiscard]] crypto::KeyAt forward(std::size_t hop) const {
    return {hops[hop].keys.forward.view(), counter(hop)};
  }
  [[nodiscard]] crypto::KeyAt backward(std::size_t hop) const {
    return {hops[hop].keys.backward.view(), counter(hop)};
  }
  [[nodiscard]] bool step(std::size_t hop, const Bytes& onion, Bytes& out) const {
    return hop + 1 == length() ? hop_open(forward(hop), onion, out)
                               : relay_forward(forward(hop), onion, out);
  }
  // What hop `hop` does with a forward cell; out has its length.

  std::uint64_t first;
  std::vector<crypto::OriginHop> hops;
};

}  // namespace covfefe::test
