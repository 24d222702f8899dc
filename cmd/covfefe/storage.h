// SPDX-License-Identifier: Apache-2.0
// What the operator's tool sees of the volume under the keystore's and the database's directories.
// A service that waits for its volume answers nobody: the tool looks where the service looked.
#pragma once

#include <optional>
#include <string_view>

#include "layout.h"
#include "outcome.h"

namespace covfefe::cli {

[[nodiscard]] std::optional<Problem> storage_trouble(const Layout& layout,
                                                     std::string_view service);
// Why the service refuses its directory, and the fix. None for services without one, where LUKS is
// not required, and where all is well.

}  // namespace covfefe::cli
