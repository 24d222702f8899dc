// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <type_traits>

#include "base/bug.h"
#include "tests/sim/world.h"
#include "wire/ip.h"
#include "wire/limits.h"

namespace covfefe::sim {

namespace {

constexpr Duration kKeystoreTakes = Duration::micros(300);
constexpr Duration kShaperTakes = Duration::micros(30);
constexpr Duration kLedgerTakes = Duration::millis(1);

ByteArray<32> seed_of(std::uint64_t a, std::uint64_t b) {
  ByteArray<32> key{};
  store_le<std::uint64_t>(key.data(), a);
  store_le<std::uint64_t>(key.data() + 8, b);
  return key;
}

}  // namespace

Node::Node(World& world, std::uint8_t number, std::string its_name)
    : name(std::move(its_name)),
      keys(number),
      ip(*parse_address("192.0.2." + std::to_string(number))),
      world_(world),
      random_(seed_of(world.random(), number)) {}

void Node::boot() {
  crash();
  config.address = keys.address();
  config.static_key = keys.static_key();
  random_.fill(config.boot);
  config.data_sockets = {{kControlPort + 1, wire::SocketClass::Bulk, wire::Direction::Both},
                         {kControlPort + 2, wire::SocketClass::Realtime, wire::Direction::Both}};
  router = std::make_unique<core::Router>(config, random_, codec_);
  feed(core::Clock{world_.wall()});
  if (shaper_attached_) feed(core::ShaperUp{});
  if (keystore_attached_) feed(core::KeystoreUp{});
  push_friends();
  core::Remembered kept;
  for (const auto& [introducer, catalogue] : catalogues_) kept.catalogues.push_back(catalogue);
  kept.destinations = destinations_;
  feed(kept);
}

void Node::crash() {
  ++life_;
  router.reset();
  frames_.clear();
  sent_.clear();
  to_tun_.clear();
  answers_.clear();
  awaited_timer_ = Instant::never();
}

FriendId Node::befriend(const Node& other, const Friendship& friendship) {
  core::Friend record;
  record.id = FriendId{++newest_friend_};
  record.petname = other.name;
  record.trust = friendship.trust;
  record.visibility = friendship.visibility;
  record.static_key = other.keys.static_key();
  if (friendship.key == Friendship::Key::Wrong) record.static_key[3] ^= 0x40;
  record.address = other.keys.address();
  record.endpoints = {{other.ip, kControlPort, 0}};
  record.idle = idle_lane;
  keys.befriend(record.static_key);
  friends_.push_back(record);
  return record.id;
}

void Node::unfriend(const Node& other) {
  std::erase_if(friends_,
                [&](const core::Friend& one) { return one.address == other.keys.address(); });
  keys.forget(other.keys.static_key());
}

void Node::show(const Node& friend_of_it, core::Visibility visibility) {
  for (core::Friend& one : friends_) {
    if (one.address == friend_of_it.keys.address()) one.visibility = visibility;
  }
}

void Node::push_friends() {
  feed(core::FriendTable{friends_});
}

void Node::keystore(bool attached) {
  keystore_attached_ = attached;
  if (attached) {
    feed(core::KeystoreUp{});
  } else {
    feed(core::KeystoreDown{});
  }
}

void Node::shaper(bool attached) {
  shaper_attached_ = attached;
  if (attached) {
    feed(core::ShaperUp{});
  } else {
    frames_.clear();
    feed(core::ShaperDown{});
  }
}

void Node::move_to(const Address& address) {
  world_.moved(*this, address);
  ip = address;
}

void Node::feed(const core::Input& input) {
  router->step(input, world_.now, *this);
  if (!frames_.empty()) bug("a frame was neither posted nor released");
  settle();
  world_.timer_of(*this);
}

// What a step wanted is done after it, as the process does.
void Node::settle() {
  std::vector<Sent> sent = std::move(sent_);
  sent_.clear();
  std::vector<core::Completion> done;
  for (Sent& one : sent) {
    const auto port = static_cast<std::uint16_t>(kControlPort + one.posting.socket);
    world_.send({{ip, port, 0}, one.posting.to, std::move(one.bytes)});
    done.push_back({one.posting.tag, true, world_.now});
  }
  if (!done.empty()) {
    world_.after(kShaperTakes, [this, done = std::move(done), life = life_] {
      if (life == life_ && alive() && shaper_attached_) feed(core::Completions{done});
    });
  }
  while (!to_tun_.empty()) {
    const Bytes packet = std::move(to_tun_.front());
    to_tun_.pop_front();
    tun(packet);
  }
}

core::Frame Node::acquire(core::Lane) {
  if (!shaper_attached_) return {};
  const std::uint32_t index = next_frame_++;
  Bytes& bytes = frames_[index];
  bytes.resize(wire::kLargeDatagram);
  return {index, bytes};
}

void Node::post(const core::Frame& frame, const core::Posting& posting) {
  const auto found = frames_.find(frame.index);
  if (found == frames_.end()) bug("a frame that was not acquired");
  const FlowClass as = class_of(posting.flow);
  ++posted[static_cast<std::size_t>(as)];
  if (as == FlowClass::Idle && posting.length != wire::kSmallDatagram) ++large_chat;
  found->second.resize(posting.length);
  sent_.push_back({posting, std::move(found->second)});
  frames_.erase(found);
}

void Node::release(const core::Frame& frame) {
  frames_.erase(frame.index);
}

void Node::ask(core::KeystoreRequest request) {
  ++asked;
  if (!keystore_attached_) return;
  auto held = std::make_shared<core::KeystoreRequest>(std::move(request));
  world_.after(kKeystoreTakes, [this, held, life = life_] {
    if (life != life_ || !alive() || !keystore_attached_) return;
    keys.set_clock(world_.wall());
    core::KeystoreReply reply = keys.answer(*held);
    if (world_.keystore_tap) world_.keystore_tap(*this, *held, reply);
    feed(std::move(reply));
  });
}

// ---- the shaper's ledger ------------------------------------------------------------------------

void Node::lend(std::uint64_t room) {
  if (!ledger) ledger.emplace(std::uint32_t{1'000});
  std::map<FriendId, shape::Principal> all;
  for (const core::Friend& one : friends_) all[one.id] = {TrustLevel::Met, room};
  (void)ledger->set_principals(all, world_.now);
  (void)ledger->set_room(room, world_.now);
}

std::vector<Lease> Node::leases() {
  std::vector<Lease> out;
  ledger->expire(world_.now);
  ledger->each([&out](const Lease& one) { out.push_back(one); });
  return out;
}

void Node::revoke(std::uint32_t lease) {
  for (const Lease& one : leases()) {
    if (one.grant.lease == lease) (void)ledger->release(one.terms.principal, lease, world_.now);
  }
  feed(core::LeaseRevoked{lease, LeaseRefusal::Capacity});
}

void Node::ask(core::ShaperRequest request) {
  if (!ledger || !shaper_attached_) return;
  world_.after(kLedgerTakes, [this, request = std::move(request), life = life_] {
    const Instant now = world_.now;
    ledger->expire(now);
    const shape::Ledger::Answer answer = std::visit(
        [&](const auto& what) -> shape::Ledger::Answer {
          using What = std::decay_t<decltype(what)>;
          if constexpr (std::is_same_v<What, core::LeaseTake>) {
            return ledger->take(what.terms, now);
          } else if constexpr (std::is_same_v<What, core::LeaseExtend>) {
            return ledger->extend(what.principal, what.lease, what.by, now);
          } else {
            return ledger->release(what.principal, what.lease, now);
          }
        },
        request.what);
    if (life == life_ && alive()) feed(core::ShaperReply{request.request, answer});
  });
}

// ---- the database and the operator --------------------------------------------------------------

void Node::remember(const core::Report& report) {
  if (const auto* catalogue = std::get_if<core::Catalogue>(&report)) {
    catalogues_[catalogue->introducer] = *catalogue;
  }
  const auto* used = std::get_if<core::DestinationUsed>(&report);
  if (used == nullptr) return;
  std::erase(destinations_, used->address);
  if (used->what == core::DestinationUsed::What::Opened) destinations_.push_back(used->address);
}

void Node::tell(core::Report report) {
  remember(report);
  if (auto* answered = std::get_if<core::Answer>(&report)) {
    const RequestId request = answered->request;
    answers_.insert_or_assign(request, std::move(*answered));
  }
}

RequestId Node::ask(const Question& question) {
  const RequestId id{next_query_++};
  feed(core::Query{id, question});
  return id;
}

template <typename Report>
Report Node::at_once(const Question& question) {
  auto out = answer<Report>(ask(question));
  if (!out) bug("a question without an answer");
  return std::move(*out);
}

core::StatusReport Node::status() {
  return at_once<core::StatusReport>(core::StatusQuery{});
}

core::FriendReport Node::about(std::size_t index) {
  const core::StatusReport report = status();
  return index < report.friends.size() ? report.friends[index] : core::FriendReport{};
}

std::uint64_t Node::counter(std::string_view counter_name) {
  std::uint64_t sum = 0;
  for (const core::Counter& one : status().counters) {
    if (counter_name == one.name) sum += one.value;
  }
  return sum;
}

std::vector<core::Finding> Node::why(const Address& peer) {
  return at_once<core::WhyReport>(core::WhyQuery{peer}).findings;
}

// ---- the host behind the TUN: answers echo requests, notes echo replies -------------------------

void Node::deliver(std::span<const ByteView> packets) {
  for (const ByteView packet : packets) {
    const Bytes copied(packet.begin(), packet.end());
    if (keeps == Keeps::Everything) delivered.push_back(copied);
    host(copied);
  }
}

void Node::host(const Bytes& packet) {
  const auto echo = wire::parse_echo(packet);
  if (!echo) return;
  const Numbered which{echo->addresses.source, echo->sequence};
  if (echo->reply) {
    pongs_.try_emplace(which, world_.now);
    return;
  }
  if (++requests_[which] > 1) ++doubled;
  wire::Echo reply = *echo;
  reply.reply = true;
  std::swap(reply.addresses.source, reply.addresses.destination);
  Bytes out(packet.size());
  out.resize(wire::write_echo(reply, out));
  out[0] = packet[0];  // the same traffic class, as hosts answer
  out[1] = packet[1];
  to_tun_.push_back(std::move(out));
}

void Node::tun(const Bytes& packet) {
  const ByteView view(packet);
  feed(core::Packets{{&view, 1}});
}

void Node::ping(const Node& to, const Echo& echo) {
  const Bytes data(echo.size - wire::kIpv6Header - 8, 0x2a);
  const wire::Echo request{{keys.address(), to.keys.address()}, false, 7, echo.sequence, data};
  Bytes out(echo.size);
  if (wire::write_echo(request, out) != echo.size) bug("not an echo request");
  out[0] = static_cast<std::uint8_t>(0x60 | echo.dscp >> 2);
  out[1] = static_cast<std::uint8_t>(echo.dscp << 6);
  tun(out);
}

bool Node::ponged(std::uint16_t sequence) const {
  return std::any_of(pongs_.begin(), pongs_.end(),
                     [&](const auto& one) { return one.first.second == sequence; });
}

std::optional<Instant> Node::ponged(const Node& by, std::uint16_t sequence) const {
  const auto found = pongs_.find({by.keys.address(), sequence});
  if (found == pongs_.end()) return std::nullopt;
  return found->second;
}

void Node::forget_echoes() {
  pongs_.clear();
  requests_.clear();
}

}  // namespace covfefe::sim
