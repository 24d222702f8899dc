// SPDX-License-Identifier: Apache-2.0
// Serves schema/keystore.capnp over lib/keys. Thread: the only one.
#pragma once

#include "resources.h"
#include "sandbox/confine.h"

namespace covfefe::keystore {

[[nodiscard]] int serve(sandbox::Confined<Resources> jailed);
// Opens the key file if there is a credential, announces and serves until SIGTERM or SIGINT;
// returns the exit status. 1: the key file cannot be opened with the credential that was given.

}  // namespace covfefe::keystore
