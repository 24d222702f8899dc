// SPDX-License-Identifier: Apache-2.0
// Whatever the text: no more levels than allowed, and every scalar survives quoting.
#include <cstddef>
#include <cstdint>

#include "base/bug.h"
#include "base/bytes.h"
#include "config/yaml.h"

namespace {

using covfefe::config::Node;

void check(const Node& node, std::size_t depth) {
  if (depth > covfefe::config::kMaxDepth + 1) covfefe::bug("nested too deep");
  if (node.kind == Node::Kind::Scalar) {
    const auto root = covfefe::config::parse_yaml("k: " + covfefe::config::quote(node.text), "q");
    if (!root || root->find("k")->text != node.text) covfefe::bug("quoting changed a text");
  }
  for (const Node& item : node.items) check(item, depth + 1);
  for (const auto& [key, value] : node.members) check(value, depth + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto root = covfefe::config::parse_yaml(covfefe::text_of({data, size}), "fuzz");
  if (root) check(*root, 1);
  return 0;
}
