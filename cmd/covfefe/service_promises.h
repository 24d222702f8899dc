// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "promise_views.h"
#include "service_router.h"

namespace covfefe::cli {

[[nodiscard]] PromiseView promise_view(schema::Promise::Reader from);

}  // namespace covfefe::cli
