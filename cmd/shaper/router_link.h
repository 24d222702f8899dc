// SPDX-License-Identifier: Apache-2.0
// Keeps the data plane attached to whatever router there is: connects to router.shaper-fd, meets it
// (os/ring_handshake.h), notices when it hangs up, and begins again. Thread: data.
#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "data_plane.h"
#include "loop/loop.h"
#include "os/ring_handshake.h"

namespace covfefe::shaper {

class RouterLink {
 public:
  struct Parts {
    loop::Loop& loop;
    DataPlane& plane;
    Log& log;
  };
  RouterLink(const Parts& parts, std::string path);
  [[nodiscard]] SysResult<void> start();
  // First attempt at once; after a failure 20, 40 … 500 ms between attempts.

  void lost(std::string_view why);
  // The plane detached itself: this router is not listened to any longer.

 private:
  void connect();
  void on_readable();
  void finish();
  void drop(std::string_view why);
  [[nodiscard]] SysResult<void> offer();

  loop::Loop& loop_;
  DataPlane& plane_;
  Log& log_;
  std::string path_;
  Duration pause_;
  os::Fd socket_;
  loop::Watch watch_;  // of socket_: ended before it is closed
  std::optional<os::ShaperMemoryOffer> offer_;
  bool attached_ = false;
  loop::Timer retry_;
};

}  // namespace covfefe::shaper
