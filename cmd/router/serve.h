// SPDX-License-Identifier: Apache-2.0
// The router behind the wall: the control thread (the first one) and the data thread.
#pragma once

#include "resources.h"
#include "sandbox/confine.h"

namespace covfefe::router {

[[nodiscard]] int serve(sandbox::Confined<Resources> jailed);
// Returns the exit status when either thread ended: the service manager starts a clean one.

}  // namespace covfefe::router
