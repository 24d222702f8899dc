// SPDX-License-Identifier: Apache-2.0
// The shaper's two threads: this one runs KJ and serves schema/shaper.capnp, the other sends.
#pragma once

#include "resources.h"
#include "sandbox/confine.h"

namespace covfefe::shaper {

[[nodiscard]] int serve(sandbox::Confined<Resources> jailed);
// Announces and serves until the process is told to stop; returns the exit status.

}  // namespace covfefe::shaper
