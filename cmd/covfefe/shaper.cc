// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "commands.h"
#include "history_text.h"
#include "layout.h"
#include "services.h"
#include "shaper_text.h"

namespace covfefe::cli {

namespace {

// What peerdb remembers; nothing while it is away.
std::vector<CapacityRecord> remembered(const Layout& layout) {
  auto peerdb = Connection::open(layout, "peerdb");
  if (!peerdb) return {};
  const auto hours = uplink_hours(*peerdb, kShownHours);
  return hours ? *hours : std::vector<CapacityRecord>{};
}

}  // namespace

int shaper(const Common& common) {
  const Layout layout(common.root);
  auto connection = Connection::open(layout, "shaper");
  if (!connection) return report(connection.error(), common);
  const auto state = shaper_state(*connection);
  if (!state) return report(state.error(), common);
  const auto hours = remembered(layout);
  const std::string text = common.json
                               ? shaper_json(*state).set("history", hours_json(hours)).text()
                               : shaper_text(*state) + "\n" + hours_text(hours);
  std::fputs(text.c_str(), stdout);
  return kDone;
}

}  // namespace covfefe::cli
