// SPDX-License-Identifier: Apache-2.0
// One key epoch of a link: what a keystore handshake or an in-session rekey gave (Steps L10 to L14,
// covfefe-protocol(7)). Seals and opens cells, counts per lane, keeps the replay windows. 12 KiB,
// allocated once per epoch; no allocation per cell. Keys are wiped with the object.
#pragma once

#include <array>
#include <cstdint>

#include "core/cell_io.h"
#include "core/link/replay.h"
#include "crypto/drbg.h"
#include "crypto/link_cell.h"

namespace covfefe::core {

inline constexpr Duration kRekeyAfter = Duration::seconds(120);
inline constexpr Duration kRefuseAfter = Duration::seconds(180);
inline constexpr Duration kOldReceives = Duration::seconds(60);
inline constexpr Duration kWithoutKeystore = Duration::hours(24);
inline constexpr std::uint64_t kRekeyPackets = std::uint64_t{1} << 32;

struct SessionStart {
  ReceiverIndex mine;    // in what arrives
  ReceiverIndex theirs;  // in what we send
  crypto::Role role = crypto::Role::Initiator;
  std::uint32_t epoch = 0;  // grows with every session of the link
  bool preferred = false;   // initiated by the friend with the smaller static key
  Instant born;             // keys made
  Instant rooted;           // the keystore handshake that this descends from
  BootId peer_boot{};
};

class Session {
 public:
  Session(const SessionStart& start, const LinkMasters& masters);

  struct Opened {
    Lane lane = Lane::Link;
    CellHeader header;
    ByteView onion;  // borrowed from the datagram
  };
  [[nodiscard]] Result<Opened> open(ByteView datagram);
  // A cell of 256 or 1,400 B under this session's index. Forged (also: a lane that does not exist)
  // or Replayed; only an authentic, fresh cell changes anything.

  void seal(Lane lane, const CellHeader& header, ByteView onion, MutableBytes datagram);
  // Takes the lane's next counter. onion: private memory; datagram: may be shared (A18).
  [[nodiscard]] std::uint64_t seal_link_onion(crypto::Drbg& random, MutableBytes onion);
  // Puts the body that stands in onion under the link circuit's hop layer; the hop counter to send.
  [[nodiscard]] bool open_link_onion(std::uint64_t hop_counter, ByteView onion,
                                     MutableBytes plain) const;
  // plain: as long as onion. No window: the link counter has refused repetition, and the link
  // circuit ends here, so that nothing is ever sealed again under this counter.

  [[nodiscard]] const SessionStart& start() const { return start_; }
  [[nodiscard]] crypto::KeyView export_key() const { return keys_.export_key.view(); }

  [[nodiscard]] bool confirmed() const { return confirmed_; }
  void confirm() { confirmed_ = true; }
  // The friend has shown that it holds the keys: for the initiator its answer, for the responder
  // the first authentic cell (A12).

  [[nodiscard]] Instant ends() const;
  // Neither sends nor receives from then on.
  void retire(Instant at) { retired_ = at; }  // receives until `at`; never() = in use again
  [[nodiscard]] bool retired() const { return !retired_.is_never(); }

  [[nodiscard]] Instant rekey_at() const;
  [[nodiscard]] bool worn() const { return sealed_ >= kRekeyPackets; }
  [[nodiscard]] std::uint64_t missing() const;
  // Cells of lanes 0 to 2 that the friend sealed and that never came.

 private:
  template <typename F>
  auto in_window(Lane lane, F&& f);

  SessionStart start_;
  crypto::LinkKeys keys_;
  std::array<std::uint64_t, kLanes> next_{};
  std::uint64_t next_hop_ = 0;
  std::uint64_t sealed_ = 0;
  bool confirmed_ = false;
  Instant retired_ = Instant::never();
  std::array<ReplayWindow<8192>, 3> narrow_;  // lanes 0, 1, 3
  ReplayWindow<65536> wide_;                  // lane 2
};

}  // namespace covfefe::core
