// SPDX-License-Identifier: Apache-2.0
// How the database refuses.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace covfefe::store {

enum class Fault : std::uint8_t {
  Corrupt,  // the file is not a database or fails its check: quarantine and restore
  Full,     // no space: the change was not made, reading goes on
  Io,       // the disk failed: what is durable is no longer known; the process must end
  Exists,   // a unique name or key is taken
  Unknown,  // no such row
  Refused,  // a value the schema forbids, or a bound
};

struct StoreError {
  Fault fault;
  std::string text;  // one sentence for the log; names the file or the value
};

template <typename T>
using StoreResult = Expected<T, StoreError>;

}  // namespace covfefe::store
