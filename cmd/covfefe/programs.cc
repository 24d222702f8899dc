// SPDX-License-Identifier: Apache-2.0
#include "programs.h"

#include <array>

#include "os/process.h"

namespace covfefe::cli {

Outcome<std::string> binary_of(const std::string& service) {
  const auto here = os::own_directory();
  if (!here) return Problem{here.error().text(), ""};
  const std::string name = "covfefe-" + service;
  const std::array<std::string, 3> places = {*here + "/" + name,
                                             *here + "/../libexec/covfefe/" + name,
                                             *here + "/../" + service + "/" + name};
  for (const std::string& place : places) {
    if (os::is_executable(place)) return place;
  }
  return Problem{name + " is not installed beside this program", "install or build all of it"};
}

}  // namespace covfefe::cli
