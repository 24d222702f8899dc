// SPDX-License-Identifier: Apache-2.0
// From the rings to the wire: lets the line (line.h) decide, sends straight from the router's
// frames, sleeps when nothing could leave. Takes settings and questions from the control thread
// between two decisions. Thread: data.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "line.h"
#include "live.h"
#include "loop/loop.h"
#include "mail.h"
#include "os/udp_send.h"

namespace covfefe::shaper {

class DataPlane {
 public:
  struct Parts {
    loop::Loop& loop;
    os::UdpSender& sender;
    Live& live;
    DataMailbox& inbox;
    ControlMailbox& outbox;
  };
  DataPlane(const Parts& parts, const Line::Start& start,
            std::function<void(std::string_view why)> lost);
  // `lost` is called, outside of any other call of this class, when the router broke the rules of
  // the rings; the plane is detached then.

  [[nodiscard]] SysResult<void> start();
  // Opens its timer; before anything else.

  [[nodiscard]] SysResult<void> attach(os::ShaperEnd end);
  // Everything queued before is forgotten.
  void detach(std::string_view why);

 private:
  void pump();
  void on_mail();
  [[nodiscard]] std::size_t send_due();
  [[nodiscard]] bool rest();
  [[nodiscard]] bool busy(Instant now);
  void tell();
  void answer();
  void show();

  loop::Loop& loop_;
  os::UdpSender& sender_;
  Live& live_;
  DataMailbox& inbox_;
  ControlMailbox& outbox_;
  std::function<void(std::string_view)> lost_;

  Line line_;
  std::array<bool, os::kSendBatch> sent_{};
  bool blocked_ = false;  // a socket's buffer is full

  FiguresQuery question_;     // being answered
  std::size_t answered_ = 0;  // links of it
  std::uint64_t wakes_ = 0;
  std::uint64_t handled_ = 0;  // datagrams since window_
  Instant window_;
  bool busy_ = false;

  loop::Timer timer_;
  loop::Watch wake_;
  loop::Watch mail_;
  std::vector<loop::Watch> writable_;  // by socket
};

}  // namespace covfefe::shaper
