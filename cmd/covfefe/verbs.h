// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace covfefe::cli {

[[nodiscard]] int dispatch(int argc, char** argv);
// Parses the command line and runs the verb; its exit code (outcome.h).

}  // namespace covfefe::cli
