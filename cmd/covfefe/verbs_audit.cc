// SPDX-License-Identifier: Apache-2.0
// The command line of doctor and bugreport.
#include <memory>

#include "commands.h"
#include "verbs_parts.h"

namespace covfefe::cli {

void add_audit_verbs(CLI::App& app, Chosen& chosen) {
  verb(app, chosen, "doctor", "what is wrong with this node or its machine, and the fix")
      ->callback([&chosen] { chosen.run = [&chosen] { return doctor_verb(chosen.common); }; });
  auto options = std::make_shared<BugreportOptions>();
  auto* report = verb(app, chosen, "bugreport", "write a report without names, addresses and keys");
  report->add_option("FILE", options->file, "archive to write (default: one named by the time)");
  report->callback([&chosen, options] {
    chosen.run = [&chosen, options] { return bugreport(chosen.common, *options); };
  });
}

}  // namespace covfefe::cli
