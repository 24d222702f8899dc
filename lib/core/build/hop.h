// SPDX-License-Identifier: Apache-2.0
// Builds of others that come to this node (Steps B12 and B13, covfefe-protocol(7)): how many are
// opened, what the keystore says, whether they end here or go on, and the way back. Thread: data.
#pragma once

#include <unordered_map>
#include <vector>

#include "core/build/builds.h"
#include "core/build/hop_leases.h"
#include "core/build/offers.h"
#include "core/build/roster.h"
#include "core/discovery/next_hops.h"
#include "crypto/build.h"

namespace covfefe::core {

class ForeignBuilds {
 public:
  static constexpr std::size_t kWaiting = 64;                     // for the keystore
  static constexpr Duration kKeystore = Duration::seconds(2);     // each of them
  static constexpr Duration kAnswer = Duration::seconds(10);      // for the next hop's BUILT
  static constexpr Duration kProvisional = Duration::seconds(5);  // until a cell verifies (A27)
  static constexpr Duration kAfterLifetime = Duration::seconds(60);

  struct Parts {
    Roster& roster;
    LeaseDesk& desk;
    const NextHops& next;
    BuildEvents& events;
    Relaying relaying;
  };
  ForeignBuilds(Shared& shared, const Parts& parts)
      : shared_(shared), parts_(parts), leases_(shared, parts.roster, parts.desk) {}

  void begin(Effects& effects) { effects_ = &effects; }
  void end() { effects_ = nullptr; }
  // Between the two, effects are borrowed.

  void arrived(LinkSlot link, const wire::BuildFrame& build);
  bool keystore_reply(KeystoreReply& reply);
  // False: not one that was asked here.
  bool shaper_reply(const ShaperReply& reply);
  // Likewise.
  void keystore_up() { attached_ = true; }
  void keystore_down();
  void forget(LinkSlot link);
  // Its router restarted, or it is gone: what waits from it has nobody to go back to.
  void expire();
  // Gives up what the keystore or the shaper left unanswered.
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t passed() const { return passed_.size(); }
  [[nodiscard]] std::size_t waiting_shaper() const { return leases_.waiting(); }

  void answered(Circuit& backward, const wire::BuiltFrame& built);
  // By the next hop; backward is the RelayBackward entry of a build that waits for it.
  void refuse(Circuit& backward, wire::BuildStatus why);
  // The same entry; both go, and the hop before is answered.
  void drop(Circuit& backward);
  // The same, without an answer.

 private:
  using From = BuildFrom;
  struct Waiting {
    RequestId request;
    From from;
    ByteArray<wire::kBuildPacket> packet{};
    Instant give_up;
  };
  struct Opened {
    From from;
    crypto::HopBuild& hop;
    const wire::BuildRecord& record;
    std::optional<LinkSlot> to{};  // of a relay
    HopGrant grant{};
  };
  struct Pair {
    Circuit* forward = nullptr;
    Circuit* backward = nullptr;
  };
  struct Passed {  // waits for the next hop
    crypto::HopBuild hop;
    wire::BuildReply reply;
  };
  void opened(const Waiting& waited, OpenedBuild& build);
  void settled(HopLeases::Settled settled);
  void proceed(const Opened& build);
  [[nodiscard]] wire::BuildReply reply_to(const Opened& build);
  void hold(Circuit& circuit, const Opened& build, std::uint32_t lease);
  [[nodiscard]] Circuit* destination(const Opened& build);
  // Keyed, for a build that ends here; null where there is no room.
  void end_here(const Opened& build);
  void go_on(const Opened& build);
  [[nodiscard]] std::optional<Pair> pair_up(const Opened& build);
  [[nodiscard]] Pair pair_of(Circuit& backward);
  void drop(const Pair& pair);
  [[nodiscard]] std::optional<wire::BuildStatus> against(Opened& build);
  // Finds the next hop. Nothing: it may go on.
  void refuse(const From& from, const crypto::HopBuild& hop, wire::BuildStatus why) {
    refuse(from, hop, refusal(why));
  }
  void refuse(const From& from, const crypto::HopBuild& hop, const wire::BuildReply& why);
  void refuse(const Opened& build, wire::BuildStatus why);
  // What was kept for it is released.
  void destroy(const From& from, wire::DestroyReason why);
  [[nodiscard]] Passed take(CircuitId backward);

  Shared& shared_;
  Parts parts_;
  Effects* effects_ = nullptr;
  bool attached_ = false;
  Bucket all_{{200, 200}};  // A13
  std::vector<Waiting> waiting_;
  std::unordered_map<CircuitId, Passed> passed_;
  HopLeases leases_;
};

}  // namespace covfefe::core
