// SPDX-License-Identifier: Apache-2.0
// Who can be reached, and how (Steps D1 to D12, covfefe-protocol(7); A7, A8): what this node says
// of its friends to its friends, what they say of theirs, the handles that name hops in builds, and
// the choice of paths. A descriptor is worth what its introducer's word is worth: it is accepted
// only in that friend's authenticated control channel, counts as that friend's, and a path uses
// only what its own entry friend served. Thread: data.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/discovery/next_hops.h"
#include "core/discovery/path.h"
#include "core/io.h"
#include "wire/control.h"

namespace covfefe::crypto {
class Drbg;  // crypto/drbg.h
}

namespace covfefe::core {

struct DiscoveryConfig {
  Address address;         // own
  StaticKey static_key{};  // own: its tag is never a relay of one's own circuits
  CircuitPolicy policy;
};

class Discovery final : public NextHops {
 public:
  Discovery(const DiscoveryConfig& config, CellSink& sink, crypto::Drbg& random);
  // sink and random are borrowed for the object's life.
  ~Discovery() override;
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  // ---- events; forwarded by Circuits inside a step -------------------------------------------
  void begin(Instant now, Effects& effects);
  void end();
  void on_friend(LinkSlot link, const Friend& who);
  void on_link_up(LinkSlot link, Boot boot);
  void on_link_down(LinkSlot link);
  void on_link_gone(LinkSlot link);
  bool on_control(LinkSlot link, const wire::Control& message);
  // False: not a message of discovery.
  void clock(WallTime wall);
  void remembered(const Remembered& what);
  void keystore_up();
  void keystore_down();
  bool keystore_reply(const KeystoreReply& reply);
  // False: not ours. Onion keys are asked for at keystore_up and every minute.
  void timer();
  [[nodiscard]] Instant next_deadline() const;

  // ---- for a build that passes here -------------------------------------------------------------
  [[nodiscard]] std::optional<LinkSlot> next_hop(const wire::Handle& handle,
                                                 LinkSlot from) const override;

  [[nodiscard]] bool leads_here(LinkSlot link) const;
  // This node lets the friend say that it is reachable: sessions may come by it.

  // ---- for an origin ----------------------------------------------------------------------------
  struct Used {  // by circuits that a session has: new ones share nothing with them
    std::span<const LinkSlot> entries;
    std::span<const DisjointnessTag> relays;
  };
  [[nodiscard]] std::vector<CircuitPath> paths(const Address& to, std::size_t most,
                                               const Used& used) const;
  // At most `most` paths that share no entry and no relay with each other or with `used`, best
  // first; none when the entry rule forbids it or nobody serves the address. Allocates: not for
  // the packet path.
  [[nodiscard]] bool known(const Address& to) const;
  // Somebody serves this address. Cheap when asked again: a packet may ask.
  void failed(const CircuitPath& path, std::size_t hop);
  // A build or a circuit failed at this hop (0 the entry friend): the hop and the way to it rest
  // for a while.
  void worked(const CircuitPath& path);

  // ---- questions --------------------------------------------------------------------------------
  void name(RequestId request, const NameQuery& query);
  // Answered with a NameReport, now or later.
  [[nodiscard]] std::optional<PathReport> explain(const Address& to) const;
  void explain(const Address& to, std::vector<Finding>& out) const;
  // For `covfefe why`: the entry rule, who serves the address, what is missing and what to do.
  void count(std::vector<Counter>& out) const;

 private:
  struct Parts;
  [[nodiscard]] std::string why_no_entry() const;
  void explain_introducers(const Address& to, std::vector<Finding>& out) const;

  std::unique_ptr<Parts> parts_;
};

}  // namespace covfefe::core
