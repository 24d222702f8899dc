// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/bug.h"
#include "tests/sim/world.h"
#include "wire/ip.h"
#include "wire/limits.h"

namespace covfefe::sim {

namespace {

constexpr Duration kKeystoreTakes = Duration::micros(300);
constexpr Duration kShaperTakes = Duration::micros(30);

ByteArray<32> seed_of(std::uint64_t a, std::uint64_t b) {
  ByteArray<32> key{};
  store_le<std::uint64_t>(key.data(), a);
  store_le<std::uint64_t>(key.data() + 8, b);
  return key;
}

}  // namespace

Node::Node(World& world, std::uint8_t number)
    : keys(number),
      ip(*parse_address("192.0.2." + std::to_string(number))),
      world_(world),
      random_(seed_of(world.random(), number)) {}

void Node::boot() {
  ++life_;
  frames_.clear();
  sent_.clear();
  core::RouterConfig config;
  config.address = keys.address();
  config.static_key = keys.static_key();
  random_.fill(config.boot);
  config.data_sockets = {{kControlPort + 1, wire::SocketClass::Bulk, wire::Direction::Both},
                         {kControlPort + 2, wire::SocketClass::Realtime, wire::Direction::Both}};
  router = std::make_unique<core::Router>(std::move(config), random_, codec_);
  feed(core::Clock{{kWallStart.unix_nanoseconds + world_.now.nanoseconds}});
  if (shaper_attached_) feed(core::ShaperUp{});
  if (keystore_attached_) feed(core::KeystoreUp{});
  push_friends();
}

void Node::befriend(const Node& other, bool right_key) {
  core::Friend friend_record;
  friend_record.id = FriendId{static_cast<std::uint32_t>(friends_.size() + 1)};
  friend_record.petname = "peer";
  friend_record.trust = core::Trust::Met;
  friend_record.static_key = other.keys.static_key();
  if (!right_key) friend_record.static_key[3] ^= 0x40;
  friend_record.address = other.keys.address();
  friend_record.endpoints = {{other.ip, kControlPort, 0}};
  keys.befriend(friend_record.static_key);
  friends_.push_back(std::move(friend_record));
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
  ip = address;
}

void Node::feed(const core::Input& input) {
  router->step(input, world_.now, *this);
  if (!frames_.empty()) bug("a frame was neither posted nor released");
  settle();
}

// What a step wanted is done after it, as the process does.
void Node::settle() {
  std::vector<Sent> sent = std::move(sent_);
  sent_.clear();
  std::vector<core::Completion> done;
  for (Sent& one : sent) {
    const auto port = static_cast<std::uint16_t>(kControlPort + one.posting.socket);
    world_.send({{ip, port, 0}, one.posting.to, std::move(one.bytes)});
    done.push_back({one.posting.tag, true});
  }
  if (!done.empty()) {
    world_.after(kShaperTakes, [this, done, life = life_] {
      if (life == life_ && shaper_attached_) feed(core::Completions{done});
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
    if (life != life_ || !keystore_attached_) return;
    keys.set_clock({kWallStart.unix_nanoseconds + world_.now.nanoseconds});
    feed(keys.answer(*held));
  });
}

void Node::tell(core::Report report) {
  reports.push_back(std::move(report));
}

void Node::deliver(std::span<const ByteView> packets) {
  for (const ByteView packet : packets) {
    delivered.emplace_back(packet.begin(), packet.end());
    host(delivered.back());
  }
}

// The host behind the TUN: answers echo requests, notes echo replies.
void Node::host(const Bytes& packet) {
  const auto echo = wire::parse_echo(packet);
  if (!echo) return;
  if (echo->reply) {
    ++pongs_[echo->sequence];
    return;
  }
  if (++requests_[{echo->addresses.source, echo->sequence}] > 1) ++doubled;
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

void Node::ping(const Node& to, std::uint16_t sequence, std::size_t size, std::uint8_t dscp) {
  const Bytes data(size - wire::kIpv6Header - 8, 0x2a);
  wire::Echo echo{{keys.address(), to.keys.address()}, false, 7, sequence, data};
  Bytes out(size);
  if (wire::write_echo(echo, out) != size) bug("not an echo request");
  out[0] = static_cast<std::uint8_t>(0x60 | dscp >> 2);
  out[1] = static_cast<std::uint8_t>(dscp << 6);
  tun(out);
}

template <typename Report>
Report Node::answer(const decltype(core::Query::what)& question) {
  const RequestId id{next_query_++};
  feed(core::Query{id, question});
  for (auto at = reports.begin(); at != reports.end(); ++at) {
    auto* answer = std::get_if<core::Answer>(&*at);
    if (answer == nullptr || answer->request != id) continue;
    Report out = std::get<Report>(std::move(answer->what));
    reports.erase(at);
    return out;
  }
  bug("a question without an answer");
}

core::FriendReport Node::about(std::size_t index) {
  const auto status = answer<core::StatusReport>(core::StatusQuery{});
  return index < status.friends.size() ? status.friends[index] : core::FriendReport{};
}

std::uint64_t Node::counter(std::string_view name) {
  std::uint64_t sum = 0;
  const auto status = answer<core::StatusReport>(core::StatusQuery{});
  for (const core::Counter& one : status.counters) {
    if (name == one.name) sum += one.value;
  }
  return sum;
}

std::vector<core::Finding> Node::why(const Address& peer) {
  return answer<core::WhyReport>(core::WhyQuery{peer}).findings;
}

}  // namespace covfefe::sim
