// SPDX-License-Identifier: Apache-2.0
// How a service ended last, in words: what its parent process heard of the kernel.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "layout.h"
#include "outcome.h"

namespace covfefe::cli {

[[nodiscard]] std::string signal_in_words(int signal);
// "broke its jail: a system call …" for SIGSYS, else "crashed (signal 11, SIGSEGV)" or the like:
// the rest of a sentence that begins with the service.

[[nodiscard]] std::optional<Problem> ending_in(std::string_view line);
// Of systemd's own line "UNIT: Main process exited, code=…, status=N/NAME": what happened, and
// where more is said. None: no such line.

[[nodiscard]] std::optional<Problem> last_ending(const Layout& layout, std::string_view service);
// What systemd's journal says of the last ten minutes. None: nothing, it cannot be read, or the
// node is not systemd's. Runs a program, for a second at most. Thread: the only one.

}  // namespace covfefe::cli
