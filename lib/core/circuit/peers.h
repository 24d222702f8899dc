// SPDX-License-Identifier: Apache-2.0
// Everybody at the far end of sessions, friends and third parties, and when each of them wants to
// be looked at. A friend stays as long as its link has a slot; a third party goes when nothing of
// it is left. Thread: data.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "core/circuit/peer.h"
#include "core/link/deadlines.h"

namespace covfefe::core {

class Peers {
 public:
  static constexpr std::size_t kDialled = 1024;  // third parties that are reached from here
  static constexpr std::size_t kCame = 1024;     // third parties that came in, apart from those

  // ---- finding ----------------------------------------------------------------------------------
  [[nodiscard]] Peer* at(LinkSlot link) const;
  [[nodiscard]] Peer* find(const Address& address) const;
  // Of two friends that claim one address the first has it: the second could not prove it.
  template <typename F>
  void each(F&& what) const {
    for (const auto& peer : slots_) {
      if (peer) what(*peer);
    }
  }

  // ---- coming and going -------------------------------------------------------------------------
  Peer& befriend(LinkSlot link, const Friend& who);
  // The friend of this slot is new, or has another address now; a third party with that address
  // becomes the friend. The slot's former peer has been taken off with unfriend().
  void unfriend(Peer& peer);
  // From now on a third party; who has nothing left goes with the next sweep.

  [[nodiscard]] bool full(Third how) const { return third(how) >= limit(how); }
  [[nodiscard]] Peer* idlest(Third how, Instant before) const;
  // The third party that was used last before all others and before this; looks at every one.
  Peer& add(const Address& address, Third how);
  // A third party that is not there yet; only when not full(how).
  void promote(Peer& peer);
  // One that came in is reached from here too, if there is room among those.
  void remove(Peer& peer);
  // It has no sessions. peer is void afterwards.

  // ---- a step -----------------------------------------------------------------------------------
  void touch(Peer& peer);
  // Something happens to it in this step: it is settled at the end.
  [[nodiscard]] const std::vector<Peer*>& touched() const { return touched_; }
  void untouch();

  // ---- time -------------------------------------------------------------------------------------
  void due(const Peer& peer, Instant at) { deadlines_.set(peer.index, at); }
  [[nodiscard]] Instant next_deadline() const { return deadlines_.next(); }
  [[nodiscard]] Peer& first() const { return *slots_[deadlines_.first()]; }
  // Whose deadline next_deadline() is.

 private:
  [[nodiscard]] static std::size_t limit(Third how) {
    return how == Third::Dialled ? kDialled : kCame;
  }
  [[nodiscard]] std::size_t third(Third how) const {
    return how == Third::Dialled ? dialled_ : came_;
  }
  std::size_t& third(Third how) { return how == Third::Dialled ? dialled_ : came_; }
  Peer& make(const Address& address);

  std::vector<std::unique_ptr<Peer>> slots_;  // by Peer::index, null where nobody is
  std::vector<std::uint32_t> free_;
  std::vector<Peer*> links_;  // by link slot, null where nobody is
  std::vector<Peer*> touched_;
  std::unordered_map<Address, Peer*> routes_;
  std::size_t dialled_ = 0;
  std::size_t came_ = 0;
  Deadlines deadlines_;
};

}  // namespace covfefe::core
