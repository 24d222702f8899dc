// SPDX-License-Identifier: Apache-2.0
// What a hop grants and what an origin takes (Step B16, covfefe-protocol(7)). Pure. Thread: data.
#pragma once

#include "base/instant.h"
#include "wire/build.h"

namespace covfefe::core {

[[nodiscard]] wire::BuildReply refusal(wire::BuildStatus why);
[[nodiscard]] wire::BuildReply offer(const wire::BuildRecord& asked);
// No rates are reserved: who needs one and takes no less is refused.

[[nodiscard]] bool fair(const wire::BuildRecord& asked, const wire::BuildReply& granted);
// A reply that says Granted grants no more than was asked, less only where less is accepted, and
// as long as was asked.

[[nodiscard]] Duration lifetime_of(const wire::BuildRecord& asked);

}  // namespace covfefe::core
