// SPDX-License-Identifier: Apache-2.0
// How the two sides of the rings meet, on the SEQPACKET edge router.shaper-fd. The shaper connects
// and sends hello{magic, version, generation} with ShaperMemory (1 fd); the router answers the same
// hello with RouterMemory, the eventfd that wakes the shaper and the one that wakes the router (3
// fds). Nothing else is ever said: later the socket only tells by hanging up that the other is
// gone.
//
// Both eventfds are non-blocking, and no policy lets either side change that (F_SETFL is shared
// through the hand-over).
#pragma once

#include <cstdint>

#include "base/result.h"
#include "os/ring_consumer.h"
#include "os/ring_frames.h"

namespace covfefe::os {

[[nodiscard]] SysResult<RouterEnd> accept_rings(const Fd& socket);
// Router: call when a freshly accepted socket is readable. Does not block. EPROTO: what arrived is
// not a hello of this version; EPERM: its memory is not sealed as demanded. The caller owns the
// socket, watches it for hang-up and closes it on any error.

[[nodiscard]] SysResult<ShaperMemoryOffer> offer_rings(const Fd& socket, std::uint64_t generation);
// Shaper, first half, on a connected socket: makes ShaperMemory and sends it. `generation` is any
// value that this shaper has not used before.

[[nodiscard]] SysResult<ShaperEnd> finish_rings(const Fd& socket, ShaperMemoryOffer offer);
// Shaper, second half: call when the socket is readable; the answer must match the offer.

}  // namespace covfefe::os
