// SPDX-License-Identifier: Apache-2.0
// One node of a simulated network: a whole router as a value with what lies around it in a process:
// a keystore, frames, a database that outlives the router, and a host behind the TUN that answers
// echo requests.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/router.h"
#include "crypto/drbg.h"
#include "rpc/control_codec.h"
#include "shape/ledger.h"
#include "tests/support/fake_keystore.h"

namespace covfefe::sim {

using Bytes = std::vector<std::uint8_t>;
using Question = decltype(core::Query::what);

inline constexpr std::uint16_t kControlPort = 6363;  // data sockets: the next two

class World;

struct Friendship {
  core::Trust trust = core::Trust::Met;
  core::Visibility visibility = core::Visibility::Reachable;
  enum class Key : std::uint8_t { Right, Wrong } key = Key::Right;
};

struct Echo {
  std::uint16_t sequence = 0;
  std::size_t size = 64;  // bytes of the IP packet
  std::uint8_t dscp = 0;
};

class Node final : public core::Effects {
 public:
  Node(World& world, std::uint8_t number, std::string its_name);

  void boot();
  // A router process starts: new boot id, empty state; keystore and database stay.
  void crash();
  // The router is gone and nothing takes its place until boot().
  [[nodiscard]] bool alive() const { return router != nullptr; }
  FriendId befriend(const Node& other, const Friendship& friendship = {});
  // Takes effect with the next push_friends or boot.
  void unfriend(const Node& other);
  // Likewise. The keystore refuses its handshakes from now on.
  void show(const Node& friend_of_it, core::Visibility visibility);
  // What that friend may say of this node, and this node of it. Takes effect likewise.
  void push_friends();
  void lend(std::uint64_t room);
  // From now on its shaper keeps rates, up to so many B/s in all, for friends all of it.
  [[nodiscard]] std::vector<Lease> leases();
  // In force.
  void revoke(std::uint32_t lease);
  void keystore(bool attached);
  void keystore_attached(bool attached) { keystore_attached_ = attached; }
  // The same before boot().
  void shaper(bool attached);
  void move_to(const Address& ip);
  // The network gives this node another address; the router is not told.

  void feed(const core::Input& input);
  void tun(const Bytes& packet);
  void ping(const Node& to, const Echo& echo);
  // An echo request from this node's applications; other nodes' hosts answer.
  void ping(const Node& to, std::uint16_t sequence) { ping(to, Echo{sequence}); }
  [[nodiscard]] std::size_t pongs() const { return pongs_.size(); }
  [[nodiscard]] bool ponged(std::uint16_t sequence) const;
  [[nodiscard]] std::optional<Instant> ponged(const Node& by, std::uint16_t sequence) const;
  // When the answer came.
  void forget_echoes();

  RequestId ask(const Question& question);
  template <typename Report>
  [[nodiscard]] std::optional<Report> answer(RequestId request);
  // Once; nothing while the router is at it.
  [[nodiscard]] core::FriendReport about(std::size_t index = 0);
  [[nodiscard]] core::StatusReport status();
  [[nodiscard]] std::uint64_t counter(std::string_view counter_name);
  [[nodiscard]] std::vector<core::Finding> why(const Address& peer);
  [[nodiscard]] bool session_up() { return about().session_up; }

  core::Frame acquire(core::Lane lane) override;
  void post(const core::Frame& frame, const core::Posting& posting) override;
  void release(const core::Frame& frame) override;
  void cancel(FlowId, std::uint32_t) override {}
  void deliver(std::span<const ByteView> packets) override;
  void ask(core::KeystoreRequest request) override;
  void tell(core::Report report) override;
  void ask(core::ShaperRequest request) override;
  void measured(FlowId, const core::PathSample&) override {}

  const std::string name;
  test::FakeKeystore keys;
  Address ip;
  std::unique_ptr<core::Router> router;
  enum class Keeps : std::uint8_t { Everything, Counts } keeps = Keeps::Everything;
  std::vector<Bytes> delivered;  // everything that the TUN got, newest last; Keeps::Everything
  std::size_t doubled = 0;       // echo requests that were delivered twice
  std::size_t asked = 0;         // of the keystore
  std::optional<shape::Ledger> ledger;             // its shaper's, from lend() on
  std::array<std::size_t, kFlowClasses> posted{};  // datagrams by class
  std::size_t large_chat = 0;                      // of class Idle that are no S cells
  IdleLane idle_lane = IdleLane::Off;              // towards friends that are made from now on
  core::RouterConfig config;  // for the next boot(); keys, boot id and sockets are filled in

 private:
  friend class World;
  struct Sent {
    core::Posting posting;
    Bytes bytes;
  };
  using Numbered = std::pair<Address, std::uint16_t>;  // whom, sequence
  void settle();
  void host(const Bytes& packet);
  void remember(const core::Report& report);
  template <typename Report>
  Report at_once(const Question& question);

  World& world_;
  crypto::Drbg random_;
  rpc::ControlCodec codec_;
  std::vector<core::Friend> friends_;
  std::uint32_t newest_friend_ = 0;  // ids are never used again
  bool keystore_attached_ = true;
  bool shaper_attached_ = true;
  std::map<std::uint32_t, Bytes> frames_;
  std::uint32_t next_frame_ = 1;
  std::vector<Sent> sent_;
  std::map<Numbered, Instant> pongs_;
  std::map<Numbered, std::size_t> requests_;
  std::deque<Bytes> to_tun_;
  std::map<RequestId, core::Answer> answers_;
  std::map<FriendId, core::Catalogue> catalogues_;  // the database's
  std::vector<Address> destinations_;
  std::uint64_t next_query_ = 1;
  std::uint64_t life_ = 0;                    // answers to an earlier router are dropped
  Instant awaited_timer_ = Instant::never();  // the earliest timer that the world has for this node
};

template <typename Report>
std::optional<Report> Node::answer(RequestId request) {
  const auto found = answers_.find(request);
  if (found == answers_.end()) return std::nullopt;
  Report out = std::get<Report>(std::move(found->second.what));
  answers_.erase(found);
  return out;
}

}  // namespace covfefe::sim
