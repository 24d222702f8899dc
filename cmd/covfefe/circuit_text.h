// SPDX-License-Identifier: Apache-2.0
// Circuits and ways as a person and as a program read them. Texts end with a newline and keep to 80
// columns while names are short.
#pragma once

#include <string>
#include <vector>

#include "json.h"
#include "services.h"

namespace covfefe::cli {

[[nodiscard]] std::string name_of(const PeerView& peer);
// Its name, else its address.
[[nodiscard]] std::string way_text(const std::vector<std::string>& hops);
// "bob > 3fa9c2d1 > 77ab01ce": the first eight digits of each handle.

[[nodiscard]] std::string circuit_text(const CircuitView& circuit);
// Two lines, and a third if anything went wrong on it.
[[nodiscard]] std::string circuits_text(const CircuitsView& view);
// Grouped by far end; what friends send through this node at the end; unusual words explained.
[[nodiscard]] std::string path_text(const PathView& view);
[[nodiscard]] std::string hops_text(const std::vector<HopView>& hops);
// One line for each timed hop.
[[nodiscard]] std::string counts_text(const CircuitCountsView& counts);
// "3 open, 1 being built; 12 of friends pass through this node"

[[nodiscard]] Json circuit_json(const CircuitView& circuit);
[[nodiscard]] Json circuits_json(const CircuitsView& view);
[[nodiscard]] Json path_json(const PathView& view);
[[nodiscard]] Json hops_json(const std::vector<HopView>& hops);
[[nodiscard]] Json relayed_json(const RelayedView& relayed);
[[nodiscard]] Json counts_json(const CircuitCountsView& counts);

}  // namespace covfefe::cli
