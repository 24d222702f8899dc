// SPDX-License-Identifier: Apache-2.0
// Small messages, each delivered once and in order, over a link that loses, repeats and reorders
// cells (Steps K1 to K5, covfefe-protocol(7)). Numbers start at 1; acknowledgements are cumulative;
// at most 16 messages are under way in a direction. One channel per friend and pair of boot ids: it
// survives rekeys and new handshakes, and is replaced when either router restarts. No I/O, no
// clock.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "wire/link_frames.h"

namespace covfefe::core {

class ControlChannel {
 public:
  static constexpr std::uint32_t kWindow = 16;

  // ---- sending ---------------------------------------------------------------------------------
  bool send(ByteView message, Instant now);
  // Copies a message of 1..kControlMostLarge bytes, due at once. False when 16 are unacknowledged.

  [[nodiscard]] std::optional<wire::ControlFrame> due(Instant now) const;
  // The oldest message whose time has come, with the acknowledgement that goes along; an
  // acknowledgement alone if only that is owed; else nothing. The view lives until receive().
  void sent(const wire::ControlFrame& frame, Instant now, Duration rto);
  // The frame of due() went out: the message is due again after rto, doubled with each repetition
  // up to kRtoMost, or rto itself where that is longer.
  [[nodiscard]] bool repeated(const wire::ControlFrame& frame) const {
    return frame.seq != 0 && at(frame.seq).repetitions != 0;
  }
  // The message of due() was sent before.
  void postpone(const wire::ControlFrame& frame, Instant now);
  // It could not be sent now: try again soon, without counting a repetition.

  [[nodiscard]] Instant deadline() const;
  // When due() will have something; never() if nothing is under way. 0 when it has now.

  // ---- receiving -------------------------------------------------------------------------------
  bool receive(const wire::ControlFrame& frame);
  // Takes the acknowledgement and keeps the message (≤ 16 ahead of the next one). False when the
  // frame was of no use: acknowledged what was never sent, or too far ahead.

  [[nodiscard]] std::optional<std::vector<std::uint8_t>> pop();
  // The next message in order.

 private:
  struct Outgoing {
    std::vector<std::uint8_t> bytes;  // empty = free
    Instant due{};
    unsigned repetitions = 0;
  };
  Outgoing& at(std::uint32_t seq) { return outgoing_[seq % kWindow]; }
  const Outgoing& at(std::uint32_t seq) const { return outgoing_[seq % kWindow]; }

  std::array<Outgoing, kWindow> outgoing_;
  std::array<std::vector<std::uint8_t>, kWindow> incoming_;
  std::uint32_t last_sent_ = 0;   // newest number given out
  std::uint32_t last_acked_ = 0;  // everything up to here has arrived
  std::uint32_t contiguous_ = 0;  // newest number received without a gap: what we acknowledge
  std::uint32_t popped_ = 0;      // newest number handed out
  bool ack_owed_ = false;
};

}  // namespace covfefe::core
