// SPDX-License-Identifier: Apache-2.0
// What the files that describe the command line share.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "outcome.h"

namespace covfefe::cli {

struct Chosen {
  Common common;
  std::function<int()> run;
};

[[nodiscard]] CLI::App* verb(CLI::App& parent, Chosen& chosen, const char* name, const char* does);
// With --root and --json. The parent owns it.

void add_promise_verbs(CLI::App& app, Chosen& chosen);
void add_shaper_verbs(CLI::App& app, Chosen& chosen);
void add_audit_verbs(CLI::App& app, Chosen& chosen);

inline constexpr const char* kPeer = "petname, overlay address or NAME.FRIEND";

}  // namespace covfefe::cli
