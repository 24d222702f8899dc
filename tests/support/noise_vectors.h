// SPDX-License-Identifier: Apache-2.0
// Runs known answers for Noise in the format that the Noise community exchanges.
#pragma once

#include "support/json.h"

namespace covfefe::test {

[[nodiscard]] std::string run_noise_vector(const Json& vector);
// Both sides, every message, the handshake hash and the transport messages. Empty when all agree,
// else what did not.

}  // namespace covfefe::test
