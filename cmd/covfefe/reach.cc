// SPDX-License-Identifier: Apache-2.0
#include "reach.h"

#include "os/private_mount.h"
#include "shell_word.h"

namespace covfefe::cli {

Outcome<std::string> root_for_services(const Layout& layout) {
  const auto walkable = os::walkable_by_others(layout.root());
  if (!walkable) return Problem{walkable.error().text(), ""};
  if (*walkable) return layout.root();
  if (auto shown = os::show_privately(layout.root(), kShownAt); !shown) {
    return Problem{
        layout.root() + " is closed to the users of the services, and " + shown.error().text(),
        "choose a --root that everybody may walk to"};
  }
  // A closed root directory itself stays closed where it is shown.
  const auto open = os::walkable_by_others(kShownAt);
  if (open && *open) return std::string(kShownAt);
  return Problem{layout.root() + " is closed to the users of the services",
                 "chmod o+x " + shell_word(layout.root())};
}

}  // namespace covfefe::cli
