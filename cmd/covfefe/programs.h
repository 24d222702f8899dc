// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "outcome.h"

namespace covfefe::cli {

[[nodiscard]] Outcome<std::string> binary_of(const std::string& service);
// Path of covfefe-SERVICE: beside this program, in ../libexec/covfefe, or in a build tree.

}  // namespace covfefe::cli
