// SPDX-License-Identifier: Apache-2.0
// Where a friend is: one path per UDP socket (0 control, 1 bulk data, 2 realtime data), each
// followed by path challenges that serve roaming (A26), the reachability of data sockets, the round
// trip time and liveness alike (Steps L20 to L25, covfefe-protocol(7)). Decides what to challenge
// and when; the link sends it. No I/O, no clock.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "core/io.h"
#include "crypto/drbg.h"
#include "wire/control.h"
#include "wire/link_frames.h"

namespace covfefe::core {

inline constexpr std::size_t kSockets = 3;

struct Route {
  std::uint8_t socket = 0;
  Endpoint to;
  LocalAddress from;
};

struct Challenge {
  Route route;
  std::uint64_t token = 0;
  wire::AnswerPace pace = wire::AnswerPace::AtOnce;
};

class Paths {
 public:
  static constexpr Duration kBusyProbe = Duration::seconds(1);
  static constexpr Duration kIdleProbe = Duration::seconds(10);
  static constexpr Duration kRestProbe = Duration::minutes(10);      // of the control path (R5)
  static constexpr Duration kRestDataProbe = Duration::seconds(20);  // of the others
  static constexpr Duration kRestTurn = Duration::millis(500);  // probes of rest share their wakes
  static constexpr Duration kSlotPatience = Duration::seconds(5);  // with an answer in a slot
  static constexpr Duration kAnswerLife = Duration::seconds(5);  // to move; later it proves nothing
  static constexpr unsigned kMissesMost = 3;

  explicit Paths(std::array<bool, kSockets> can_send) : can_send_(can_send) {}
  // can_send: which of our sockets data may leave from; [0] is not looked at.

  void start(const Route& control, Instant now);
  // The friend was reached here by a handshake: control cells go there, and it is probed at once.
  void announced(std::span<const wire::DataSocket> sockets, Instant now);
  // What the friend's Hello says. Data sockets are used once they answered a challenge.
  void forget_data();  // the friend restarted: wait for its next Hello

  [[nodiscard]] std::optional<Challenge> heard(const Route& arrival, Instant now,
                                               crypto::Drbg& random);
  // An authentic cell (not of lane 3) came from arrival.to at our arrival.from. A challenge to send
  // when that is not where the friend was, at most one a second and path.

  void rest() { resting_ = true; }
  // Cells of the friend's idle lane arrive on the control path: they are the sign of life.
  void rouse(Instant now);
  // They do not any more.

  struct Answered {
    std::optional<Duration> rtt;  // not of an answer in a slot
    bool moved = false;           // the control path leads elsewhere now
  };
  [[nodiscard]] std::optional<Answered> answered(std::uint64_t token, Instant now);
  // A PATH_RESPONSE; nothing when the token was never sent or is forgotten.

  [[nodiscard]] std::optional<Challenge> due(Instant now, wire::AnswerPace pace,
                                             crypto::Drbg& random);
  // The next probe whose time has come, to be answered at that pace; call until nothing is left.
  [[nodiscard]] Instant deadline() const;
  void probe_now(Instant now);
  // The control path, out of turn: the first cell under new keys.
  bool busy(std::uint8_t socket, Instant now);
  // Data uses the path: it is probed every second. True when that moved the deadline.

  [[nodiscard]] const Route& control() const { return paths_[0].route; }
  [[nodiscard]] const Route& data(Lane lane) const;
  // The lane's data socket if it answers, else the other one, else the control socket; of lane 3
  // the control socket, so that ports do not tell its cells apart.
  [[nodiscard]] unsigned misses() const { return paths_[0].misses; }
  // Probes of the control path in a row that were not answered.
  [[nodiscard]] bool asking() const { return paths_[0].pending; }
  // The newest probe of the control path is unanswered.
  [[nodiscard]] std::uint8_t data_sockets() const;

 private:
  struct Sent {
    std::uint64_t token = 0;  // 0 = none
    Instant at{};
    bool prompt = true;  // the answer comes at once
  };
  struct Path {
    Route route;
    bool usable = false;
    bool busy = false;
    bool pending = false;  // the last probe is unanswered
    unsigned misses = 0;
    Instant waiting_since{};  // for the answer, or since the last miss was counted
    Instant next_probe = Instant::never();
    std::array<Sent, 4> probes{};  // the last ones: an answer may take seconds
    std::size_t newest = 0;
    Route candidate;
    Sent candidate_sent{};
  };

  void aim_data(Instant now);
  [[nodiscard]] bool move(Path& path, Instant now);
  [[nodiscard]] Duration pause(const Path& path) const;
  [[nodiscard]] Instant after_pause(const Path& path, Instant from) const;
  [[nodiscard]] static Duration patience(const Path& path);

  bool resting_ = false;
  std::array<bool, kSockets> can_send_;
  std::array<Path, kSockets> paths_{};
  std::array<std::uint16_t, kSockets> ports_{};  // from Hello, 0 = none
};

}  // namespace covfefe::core
