// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "commands.h"
#include "layout.h"
#include "services.h"
#include "shaper_text.h"

namespace covfefe::cli {

int shaper(const Common& common) {
  auto connection = Connection::open(Layout(common.root), "shaper");
  if (!connection) return report(connection.error(), common);
  const auto state = shaper_state(*connection);
  if (!state) return report(state.error(), common);
  const std::string text = common.json ? shaper_json(*state).text() : shaper_text(*state);
  std::fputs(text.c_str(), stdout);
  return kDone;
}

}  // namespace covfefe::cli
