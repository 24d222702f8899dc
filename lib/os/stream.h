// SPDX-License-Identifier: Apache-2.0
// Reads what a local service writes on a stream socket until it closes.
#pragma once

#include <string>

#include "base/instant.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

[[nodiscard]] SysResult<std::string> read_stream(const Fd& socket, std::size_t limit,
                                                 Duration timeout);
// Until end of stream; EFBIG past `limit` bytes, ETIMEDOUT when the whole takes longer.

}  // namespace covfefe::os
