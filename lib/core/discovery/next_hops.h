// SPDX-License-Identifier: Apache-2.0
// What a hop of a build asks of discovery. Thread: data.
#pragma once

#include <optional>

#include "core/cell_io.h"
#include "wire/build.h"

namespace covfefe::core {

class NextHops {
 public:
  virtual ~NextHops() = default;
  [[nodiscard]] virtual std::optional<LinkSlot> next_hop(const wire::Handle& handle,
                                                         LinkSlot from) const = 0;
  // Whom the handle names to the friend who sends the build; nothing when it is unknown, over, was
  // given to somebody else, or the friendship may not be shown.
};

}  // namespace covfefe::core
