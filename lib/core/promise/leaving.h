// SPDX-License-Identifier: Apache-2.0
// What promises tell circuits (Step P11, covfefe-protocol(7)). Called from inside a step of the
// router, like an event of a link. Thread: data.
#pragma once

#include "core/cell_io.h"

namespace covfefe::core {

class LeavingEvents {
 public:
  virtual ~LeavingEvents() = default;
  virtual void on_leaving(LinkSlot link, Instant at) = 0;
  // The friend announced that it goes then; again whenever it names another time.
  virtual void on_stays(LinkSlot link) = 0;
  // It took that back, is still there although the time passed, or has come back.
};

}  // namespace covfefe::core
