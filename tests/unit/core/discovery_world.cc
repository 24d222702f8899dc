// SPDX-License-Identifier: Apache-2.0
#include "discovery_world.h"

#include <algorithm>

#include "base/bug.h"
#include "crypto/hash.h"

namespace covfefe::core::test {
namespace {

constexpr Duration kFlight = Duration::millis(10);
constexpr Duration kClockEvery = Duration::seconds(10);
constexpr std::int64_t kStart = 490'000LL * 3'600 + 1'200;  // in the middle of an epoch

ByteArray<32> derived(std::string_view what, std::uint64_t n) {
  ByteArray<8> number{};
  store_le(number.data(), n);
  return crypto::blake2b<32>({}, {bytes_of(what), number});
}

}  // namespace

// ---- a node -------------------------------------------------------------------------------------

DiscoveryNode::DiscoveryNode(DiscoveryWorld& world_in, std::size_t index_in,
                             const CircuitPolicy& policy_in)
    : world(world_in),
      index(index_in),
      policy(policy_in),
      name("node" + std::to_string(index_in)),
      static_key(derived("static", index_in)) {
  copy(derived("address", index), address.bytes);
  address.bytes[0] = 0xfd;
  restart();
}

void DiscoveryNode::restart() {
  discovery.reset();
  random_ = std::make_unique<crypto::Drbg>(derived("random", index * 1'000 + starts_++));
  discovery =
      std::make_unique<Discovery>(DiscoveryConfig{address, static_key, policy}, *this, *random_);
  step([&](Discovery& d) {
    Remembered remembered;
    for (const auto& [id, catalogue] : told) remembered.catalogues.push_back(catalogue);
    d.remembered(remembered);
    for (const auto& [slot, who] : friends) d.on_friend(slot, who);
    d.clock(world.wall());
    d.keystore_up();
  });
}

bool DiscoveryNode::send_control(LinkSlot link, const wire::Control& message, Instant) {
  if (window == 0) return false;
  --window;
  world.send(index, link, message);
  return true;
}

OnionKeys DiscoveryNode::keys() const {
  const std::int64_t seconds = world.wall().unix_seconds();
  const std::uint32_t epoch = static_cast<std::uint32_t>(seconds / 3'600);
  OnionKeys out;
  if (world.keys_last_a_day) {
    out.keys.push_back({derived("day", index), seconds + 86'400});
    return out;
  }
  const auto push = [&](std::uint32_t of) {
    out.keys.push_back({derived("key", index * 1'000'000 + of), wire::expiry_of(of)});
  };
  if (seconds % 3'600 >= 2'400) push(epoch + 1);
  push(epoch);
  if (seconds % 3'600 < 600) push(epoch - 1);
  return out;
}

void DiscoveryNode::ask(KeystoreRequest request) {
  if (!std::holds_alternative<OnionKeysQuery>(request.what)) bug("asked for something else");
  const KeystoreReply reply{request.request, keys()};
  if (!discovery->keystore_reply(reply)) bug("an answer that nobody waits for");
}

void DiscoveryNode::tell(Report report) {
  if (auto* catalogue = std::get_if<Catalogue>(&report)) told[catalogue->introducer] = *catalogue;
  if (auto* answer = std::get_if<Answer>(&report)) answers.push_back(std::move(*answer));
}

LinkSlot DiscoveryNode::link_to(std::size_t other) const {
  for (const auto& [slot, end] : other_end) {
    if (end == other) return slot;
  }
  bug("no such friend");
}

std::uint64_t DiscoveryNode::counted(const std::string& what) const {
  std::vector<Counter> all;
  discovery->count(all);
  for (const Counter& counter : all) {
    if ("discovery." + what == counter.name) return counter.value;
  }
  bug("no such counter");
}

std::vector<CircuitPath> DiscoveryNode::paths(std::size_t to, std::size_t most) {
  std::vector<CircuitPath> out;
  step([&](Discovery& d) { out = d.paths(world[to].address, most, {}); });
  return out;
}

bool DiscoveryNode::knows(std::size_t to) {
  bool out = false;
  step([&](Discovery& d) { out = d.known(world[to].address); });
  return out;
}

// ---- the world ----------------------------------------------------------------------------------

DiscoveryWorld::DiscoveryWorld(std::size_t nodes, const CircuitPolicy& policy) {
  for (std::size_t i = 0; i < nodes; ++i) {
    nodes_.push_back(std::make_unique<DiscoveryNode>(*this, i, policy));
  }
}

WallTime DiscoveryWorld::wall() const {
  return {kStart * 1'000'000'000 + now.nanoseconds};
}

std::uint32_t DiscoveryWorld::epoch() const {
  return static_cast<std::uint32_t>(wall().unix_seconds() / 3'600);
}

void DiscoveryWorld::befriend(std::size_t a, std::size_t b, const Terms& terms) {
  const auto join = [&](std::size_t from, std::size_t to, Visibility visibility) {
    DiscoveryNode& node = *nodes_[from];
    const LinkSlot slot{static_cast<std::uint32_t>(node.friends.size())};
    Friend who{{++friend_ids_},     nodes_[to]->name,
               terms.trust,         nodes_[to]->static_key,
               nodes_[to]->address, {},
               visibility};
    node.friends[slot] = who;
    node.other_end[slot] = to;
    node.step([&](Discovery& d) { d.on_friend(slot, who); });
  };
  join(a, b, terms.first);
  join(b, a, terms.second);
  up(a, b);
}

void DiscoveryWorld::show(std::size_t a, std::size_t b, Visibility how) {
  DiscoveryNode& node = *nodes_[a];
  const LinkSlot slot = node.link_to(b);
  node.friends[slot].visibility = how;
  node.step([&](Discovery& d) { d.on_friend(slot, node.friends[slot]); });
}

void DiscoveryWorld::part(std::size_t a, std::size_t b) {
  down(a, b);
  for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
    DiscoveryNode& node = *nodes_[from];
    const LinkSlot slot = node.link_to(to);
    node.step([&](Discovery& d) { d.on_link_gone(slot); });
    node.friends.erase(slot);
    node.other_end.erase(slot);
  }
}

void DiscoveryWorld::up(std::size_t a, std::size_t b, Boot boot) {
  const LinkSlot to_b = nodes_[a]->link_to(b);
  const LinkSlot to_a = nodes_[b]->link_to(a);
  nodes_[a]->step([&](Discovery& d) { d.on_link_up(to_b, boot); });
  nodes_[b]->step([&](Discovery& d) { d.on_link_up(to_a, boot); });
}

void DiscoveryWorld::down(std::size_t a, std::size_t b) {
  const LinkSlot to_b = nodes_[a]->link_to(b);
  const LinkSlot to_a = nodes_[b]->link_to(a);
  nodes_[a]->step([&](Discovery& d) { d.on_link_down(to_b); });
  nodes_[b]->step([&](Discovery& d) { d.on_link_down(to_a); });
}

void DiscoveryWorld::send(std::size_t from, LinkSlot link, const wire::Control& message) {
  std::vector<std::uint8_t> bytes(wire::kControlMostLarge);
  bytes.resize(codec_.encode(message, bytes));
  if (bytes.empty()) bug("a message that does not fit a cell");
  const std::size_t to = nodes_[from]->other_end.at(link);
  flights_.push({now + kFlight, ++order_, to, nodes_[to]->link_to(from), std::move(bytes)});
}

void DiscoveryWorld::inject(std::size_t to, std::size_t as, const wire::Control& message) {
  std::vector<std::uint8_t> bytes(wire::kControlMostLarge);
  bytes.resize(codec_.encode(message, bytes));
  arrive({now, ++order_, to, nodes_[to]->link_to(as), std::move(bytes)});
}

void DiscoveryWorld::arrive(const Flight& flight) {
  DiscoveryNode& node = *nodes_[flight.to];
  if (!node.friends.contains(flight.link)) return;
  const auto message = codec_.decode(flight.bytes);
  if (!message) bug("an honest message that is refused");
  if (const auto* page = std::get_if<wire::Descriptors>(&message->message)) {
    const auto bytes = wire::write_descriptors(page->entries.view());
    node.heard.insert(node.heard.end(), bytes.begin(), bytes.end());
  }
  node.step([&](Discovery& d) {
    if (!d.on_control(flight.link, *message)) bug("a message that is not discovery's");
  });
}

void DiscoveryWorld::run(Duration time) {
  const Instant end = now + time;
  for (;;) {
    Instant next = clock_at_;
    if (!flights_.empty()) next = std::min(next, flights_.top().at);
    for (const auto& node : nodes_) next = std::min(next, node->discovery->next_deadline());
    if (next > end) break;
    now = std::max(now, next);
    if (clock_at_ <= now) {
      clock_at_ = now + kClockEvery;
      for (const auto& node : nodes_) node->step([&](Discovery& d) { d.clock(wall()); });
    }
    while (!flights_.empty() && flights_.top().at <= now) {
      const Flight flight = flights_.top();
      flights_.pop();
      arrive(flight);
    }
    for (const auto& node : nodes_) {
      if (node->discovery->next_deadline() <= now) node->step([](Discovery&) {});
    }
  }
  now = end;
}

void DiscoveryWorld::to_epoch(std::uint32_t to, Duration within) {
  const std::int64_t at = static_cast<std::int64_t>(to) * 3'600'000'000'000 + within.nanoseconds;
  run({at - wall().unix_nanoseconds});
}

std::vector<std::size_t> DiscoveryWorld::walk(const CircuitPath& path, std::size_t origin) {
  std::vector<std::size_t> out;
  std::size_t before = origin;
  std::size_t here = nodes_[origin]->other_end.at(path.entry);
  for (std::size_t i = 0; i < path.hops.size(); ++i) {
    const OnionKeys keys = nodes_[here]->keys();
    const bool opens = std::ranges::any_of(
        keys.keys, [&](const OnionKey& key) { return key.key == path.hops[i].onion_key; });
    if (!opens) return out;
    out.push_back(here);
    if (i + 1 == path.hops.size()) break;
    const auto next =
        nodes_[here]->discovery->next_hop(path.hops[i + 1].handle, nodes_[here]->link_to(before));
    if (!next) return out;
    before = std::exchange(here, nodes_[here]->other_end.at(*next));
  }
  return out;
}

}  // namespace covfefe::core::test
