// SPDX-License-Identifier: Apache-2.0
#include "circuit_text.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "quantity.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

constexpr std::size_t kShownDigits = 8;
constexpr std::size_t kHandleDigits = 32;  // the router may tell fewer, not below those shown
constexpr const char* kHandlesExplained =
    "Eight hexadecimal digits stand for a node whose name only its own friends know.\n";
constexpr const char* kSuspectExplained =
    "suspect: nothing came back; traffic went to other circuits while it is tried.\n";

[[gnu::format(printf, 1, 2)]] std::string line(const char* format, ...) {
  char text[256];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

bool is_handle(const std::string& hop) {
  const bool fits = hop.size() >= kShownDigits && hop.size() <= kHandleDigits;
  return fits && std::all_of(hop.begin(), hop.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// A friend may be called like a handle; only the first hop is a friend's name.
bool has_handle(const std::vector<std::string>& hops) {
  return hops.size() > 1 && std::any_of(hops.begin() + 1, hops.end(), is_handle);
}

std::string wrong_text(const CircuitView& circuit) {
  std::string out;
  const auto add = [&out](std::uint64_t count, const char* what) {
    if (count != 0) out += (out.empty() ? "" : ", ") + count_text(count, "cell") + what;
  };
  add(circuit.onion_faults, " forged or damaged");
  add(circuit.replays, " replayed");
  add(circuit.resent, " sent again");
  return out.empty() ? out : std::string(12, ' ') + out + "\n";
}

std::string relayed_text(const std::vector<RelayedView>& all) {
  std::string out;
  for (const RelayedView& one : all) {
    out += line("  %-16s %14s %18s  %s, %llu refused\n", one.petname.c_str(),
                count_text(one.circuits, "circuit").c_str(), count_text(one.cells, "cell").c_str(),
                count_text(one.builds, "build").c_str(), wide(one.refused));
    if (one.onion_faults != 0) {
      out += "    " + count_text(one.onion_faults, "cell") + " forged or damaged on their way\n";
    }
  }
  return out.empty() ? out : "Through this node, for friends:\n" + out;
}

std::string explanations(const CircuitsView& view) {
  const auto& all = view.circuits;
  std::string out;
  if (std::any_of(all.begin(), all.end(), [](const auto& one) { return has_handle(one.hops); })) {
    out += kHandlesExplained;
  }
  if (std::any_of(all.begin(), all.end(), [](const auto& one) { return one.state == "suspect"; })) {
    out += kSuspectExplained;
  }
  return out;
}

Json texts_json(const std::vector<std::string>& all) {
  Json out = Json::array();
  for (const std::string& one : all) out.add(one);
  return out;
}

Json measured(double milliseconds) {
  return milliseconds > 0 ? Json(milliseconds) : Json();
}

}  // namespace

std::string name_of(const PeerView& peer) {
  return peer.name.empty() ? format_address(peer.address) : peer.name;
}

std::string way_text(const std::vector<std::string>& hops) {
  std::string out;
  for (std::size_t i = 0; i < hops.size(); ++i) {
    if (i != 0) out += " > ";
    out += i != 0 && is_handle(hops[i]) ? hops[i].substr(0, kShownDigits) : hops[i];
  }
  return out;
}

std::string circuit_text(const CircuitView& circuit) {
  std::string out =
      line("%10u  %-8s  %7s  %11s  %10s in  %10s out\n", circuit.id, circuit.state.c_str(),
           seconds_text(circuit.age_s).c_str(), rtt_text(circuit.rtt_ms).c_str(),
           bytes_text(circuit.rx_bytes).c_str(), bytes_text(circuit.tx_bytes).c_str());
  out += std::string(12, ' ');
  if (circuit.hops.empty()) {
    out += "built by the far end, which alone knows its way";
  } else if (circuit.hops == std::vector{circuit.to.name}) {
    out += "direct, over the link";
  } else {
    out += way_text(circuit.hops);
  }
  return out + "\n" + wrong_text(circuit);
}

std::string circuits_text(const CircuitsView& view) {
  std::vector<CircuitView> all = view.circuits;
  std::stable_sort(all.begin(), all.end(), [](const CircuitView& a, const CircuitView& b) {
    return std::tie(a.to.name, a.to.address) < std::tie(b.to.name, b.to.address);
  });
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const CircuitView& one = all[i];
    if (i == 0 || one.to.address != all[i - 1].to.address) {
      out += "To " + (one.to.name.empty() ? "" : one.to.name + "  ");
      out += format_address(one.to.address) + "\n";
    }
    out += circuit_text(one);
  }
  if (view.left != 0) out += line("and %u more\n", view.left);
  if (all.empty()) {
    out += view.peer ? "no circuit to " + name_of(*view.peer) + "\n" : "no circuits\n";
  }
  return out + relayed_text(view.relayed) + explanations(view);
}

std::string path_text(const PathView& view) {
  std::string out = name_of(view.peer);
  if (!view.peer.name.empty()) out += "  " + format_address(view.peer.address);
  out += "\n";
  bool handles = false;
  for (const PathOptionView& one : view.options) {
    out += line("  %-8s  ", one.chosen ? "used" : "not used") + way_text(one.hops) + "\n";
    if (!one.why.empty()) out += std::string(12, ' ') + wrapped(one.why, 12) + "\n";
    handles = handles || has_handle(one.hops);
  }
  if (view.options.empty()) out += "  no way is known\n";
  if (!view.why.empty()) out += wrapped(view.why, 0) + "\n";
  return handles ? out + kHandlesExplained : out;
}

std::string hops_text(const std::vector<HopView>& hops) {
  std::string out;
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const HopView& one = hops[i];
    const std::string name =
        i != 0 && is_handle(one.hop) ? one.hop.substr(0, kShownDigits) : one.hop;
    out += line("  hop %zu  %-20s %11s\n", i + 1, name.c_str(),
                one.ok ? rtt_text(one.rtt_ms).c_str() : "no answer");
  }
  return out;
}

std::string counts_text(const CircuitCountsView& counts) {
  std::string out = line("%u open", counts.open);
  if (counts.building != 0) out += line(", %u being built", counts.building);
  if (counts.failing != 0) out += line(", %u failing", counts.failing);
  return out + line("; %llu of friends pass through this node", wide(counts.relayed));
}

Json circuit_json(const CircuitView& circuit) {
  return Json::object()
      .set("id", circuit.id)
      .set("to", name_of(circuit.to))
      .set("address", format_address(circuit.to.address))
      .set("hops", texts_json(circuit.hops))
      .set("state", circuit.state)
      .set("origin", circuit.origin)
      .set("age_s", circuit.age_s)
      .set("lifetime_s", circuit.lifetime_s)
      .set("rtt_ms", measured(circuit.rtt_ms))
      .set("tx_bytes", circuit.tx_bytes)
      .set("rx_bytes", circuit.rx_bytes)
      .set("onion_faults", circuit.onion_faults)
      .set("replays", circuit.replays)
      .set("resent", circuit.resent);
}

Json relayed_json(const RelayedView& relayed) {
  return Json::object()
      .set("circuits", relayed.circuits)
      .set("cells", relayed.cells)
      .set("onion_faults", relayed.onion_faults)
      .set("builds", relayed.builds)
      .set("refused", relayed.refused);
}

Json circuits_json(const CircuitsView& view) {
  Json list = Json::array();
  for (const CircuitView& one : view.circuits) list.add(circuit_json(one));
  Json relayed = Json::array();
  for (const RelayedView& one : view.relayed) {
    Json of = relayed_json(one);
    relayed.add(of.set("from", one.petname));
  }
  return Json::document("circuits")
      .set("peer", view.peer ? Json(name_of(*view.peer)) : Json())
      .set("circuits", std::move(list))
      .set("left", view.left)
      .set("relayed", std::move(relayed));
}

Json path_json(const PathView& view) {
  Json options = Json::array();
  for (const PathOptionView& one : view.options) {
    options.add(Json::object()
                    .set("hops", texts_json(one.hops))
                    .set("chosen", one.chosen)
                    .set("why", one.why));
  }
  return Json::document("path")
      .set("peer", name_of(view.peer))
      .set("address", format_address(view.peer.address))
      .set("ok", view.ok)
      .set("options", std::move(options))
      .set("why", view.why)
      .set("next", view.next);
}

Json hops_json(const std::vector<HopView>& hops) {
  Json out = Json::array();
  for (const HopView& one : hops) {
    out.add(Json::object()
                .set("hop", one.hop)
                .set("ok", one.ok)
                .set("rtt_ms", one.ok ? measured(one.rtt_ms) : Json()));
  }
  return out;
}

Json counts_json(const CircuitCountsView& counts) {
  return Json::object()
      .set("open", counts.open)
      .set("building", counts.building)
      .set("failing", counts.failing)
      .set("relayed", counts.relayed);
}

}  // namespace covfefe::cli
