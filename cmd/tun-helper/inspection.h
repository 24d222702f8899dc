// SPDX-License-Identifier: Apache-2.0
// What the helper tells the operator: the Inspection of schema/inspect.capnp as JSON text, so that
// no Cap'n Proto is linked here. Holds no text from outside this process.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "os/jail_state.h"
#include "sandbox/confine.h"

namespace covfefe::tun_helper {

struct Count {
  std::string_view name;
  std::uint64_t value = 0;
};

struct Inspected {
  Duration uptime;
  std::string state;  // "ok", or what is missing in one sentence
  std::span<const Count> counters;
  os::JailState jail;            // as of now
  sandbox::JailReport confined;  // as confine() left it
};

[[nodiscard]] std::string inspection_text(const Inspected& now);
// One JSON object and a line break.

}  // namespace covfefe::tun_helper
