// SPDX-License-Identifier: Apache-2.0
// The builds that sessions wait for, and what each is for. Thread: data.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>

#include "core/build/builds.h"
#include "core/circuit/peer.h"

namespace covfefe::core {

struct Attempt {
  enum class What : std::uint8_t { Open, Attach, Probe };
  What what = What::Open;
  Peer* peer = nullptr;  // Open, Attach
  CircuitPath path;
  Instant started{};
  std::unique_ptr<E2e> e2e;        // Open: without message 2 as yet
  Address local;                   // Open: who this node is in it
  PeerSession* session = nullptr;  // Attach
  CircuitId replaces;              // Attach: the leg whose time is over, or 0
  wire::AttachCircuit asked;       // Attach
  ByteArray<32> ephemeral{};       // Attach: what the tokens cover
  std::uint32_t lifetime = 0;      // Attach: seconds
  std::uint32_t reservation = 0;   // Attach: that it is for, or 0
  RequestId question;              // Probe: whose
  std::size_t hop = 0;             // Probe: which
};

class Attempts {
 public:
  explicit Attempts(Builds& builds) : builds_(builds) {}

  void add(BuildId build, Attempt attempt) { all_.insert_or_assign(build, std::move(attempt)); }
  [[nodiscard]] std::optional<Attempt> take(BuildId build);
  // Its build has ended; nothing for one that nobody waits for.

  template <typename Pick>
  [[nodiscard]] std::size_t count(Pick&& pick) const {
    std::size_t n = 0;
    for (const auto& [build, attempt] : all_) n += pick(attempt) ? 1 : 0;
    return n;
  }
  template <typename F>
  void each(F&& what) const {
    for (const auto& [build, attempt] : all_) what(attempt);
  }
  template <typename Pick>
  void abandon(Pick&& pick) {
    std::erase_if(all_, [&](const auto& one) {
      if (!pick(one.second)) return false;
      builds_.abandon(one.first);
      return true;
    });
  }
  // At most as many as Builds has under way, so all of these may look at every one.

 private:
  Builds& builds_;
  std::unordered_map<BuildId, Attempt> all_;
};

[[nodiscard]] inline auto opening(const Peer& peer) {
  return [&peer](const Attempt& a) { return a.what == Attempt::What::Open && a.peer == &peer; };
}
[[nodiscard]] inline auto attaching(const PeerSession& session) {
  return [&session](const Attempt& a) { return a.session == &session; };
}

}  // namespace covfefe::core
