// SPDX-License-Identifier: Apache-2.0
// Signals as a file descriptor: no code of ours runs inside a signal handler.
#pragma once

#include <initializer_list>
#include <optional>

#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

[[nodiscard]] SysResult<Fd> watch_signals(std::initializer_list<int> signals);
// Blocks these signals in the calling thread (so call before other threads start: they inherit it)
// and returns a non-blocking signalfd for them.

[[nodiscard]] std::optional<int> read_signal(const Fd& watched);
// The next pending signal, or nothing.

[[nodiscard]] SysResult<void> ignore_broken_pipes();
// SIGPIPE ignored: writes to a closed peer return EPIPE.

}  // namespace covfefe::os
