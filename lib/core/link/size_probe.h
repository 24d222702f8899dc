// SPDX-License-Identifier: Apache-2.0
// Whether L datagrams pass to a friend (A25; Step L29, covfefe-protocol(7)): an L-sized PAD cell
// with a token, acknowledged by ProbeSeen, after each handshake or move and every 10 minutes. Three
// lost in a row while other cells arrive: S mode, tried again after 30 s, then ever more rarely.
#pragma once

#include <array>
#include <optional>

#include "base/instant.h"
#include "crypto/drbg.h"

namespace covfefe::core {

class SizeProbe {
 public:
  static constexpr Duration kEvery = Duration::minutes(10);
  static constexpr Duration kAgainFirst = Duration::seconds(30);
  static constexpr Duration kQuietPause = Duration::minutes(1);
  static constexpr unsigned kLossesMost = 3;

  struct View {
    Instant now;
    Instant last_heard;  // newest authentic cell
    Duration rto;
    bool quiet = false;  // the link is silent: what is asked from time to time can wait
  };

  void restart(Instant now);
  // The path is new: L cells are used until the contrary is known.
  [[nodiscard]] std::optional<std::uint64_t> due(const View& view, crypto::Drbg& random);
  // Token of the probe to send now, if one is due.
  bool seen(std::uint64_t token, Instant now);
  // The friend got an L cell. False for a token that is not of the probes under way.

  [[nodiscard]] bool small_only() const { return small_; }
  [[nodiscard]] Instant deadline() const { return next_; }

 private:
  void lost(Instant now);

  std::array<std::uint64_t, kLossesMost> tokens_{};  // of this series, 0 = none
  unsigned losses_ = 0;
  bool waiting_ = false;
  bool small_ = false;
  Instant sent_{};
  Instant next_ = Instant::never();
  Duration again_ = kAgainFirst;
};

}  // namespace covfefe::core
