// SPDX-License-Identifier: Apache-2.0
#include "outcome.h"

#include <cstdio>

#include "json.h"
#include "printable.h"

namespace covfefe::cli {

int report(const Problem& problem, const Common& common) {
  if (common.json) {
    const Json json = Json::document("error").set("error", problem.what).set("next", problem.next);
    std::fputs(json.text().c_str(), stdout);
  }
  std::fprintf(stderr, "covfefe: %s\n", printable(problem.what).c_str());
  if (!problem.next.empty()) std::fprintf(stderr, "  next: %s\n", printable(problem.next).c_str());
  return problem.code;
}

}  // namespace covfefe::cli
