// SPDX-License-Identifier: Apache-2.0
// Serves schema/peerdb.capnp over lib/store. Thread: the only one.
#pragma once

#include "resources.h"
#include "sandbox/confine.h"

namespace covfefe::peerdb {

[[nodiscard]] int serve(sandbox::Confined<Resources> jailed);
// Opens the database, announces and serves until the process is told to stop or the disk fails;
// returns the exit status. 1: the database cannot be opened, or what is durable is not known.

}  // namespace covfefe::peerdb
