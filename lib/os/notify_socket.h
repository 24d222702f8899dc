// SPDX-License-Identifier: Apache-2.0
// The supervisor's end of sd_notify(3): one datagram socket for each service it starts.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

[[nodiscard]] SysResult<Fd> bind_datagram(const std::string& path);
// Replaces a stale socket file; mode 0600. Non-blocking.

[[nodiscard]] std::optional<std::string> receive_datagram(const Fd& socket);
// The next message, cut at 4 KiB, or nothing.

}  // namespace covfefe::os
