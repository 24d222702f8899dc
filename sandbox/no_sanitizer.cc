// SPDX-License-Identifier: Apache-2.0
#include "sandbox/filter.h"

namespace covfefe::sandbox {

std::span<const Call> sanitizer_calls() {
  return {};
}

}  // namespace covfefe::sandbox
