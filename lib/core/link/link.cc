// SPDX-License-Identifier: Apache-2.0
#include "core/link/link.h"

#include <algorithm>

namespace covfefe::core {
namespace {

constexpr Duration kDeadAfter = Duration::seconds(15);
constexpr unsigned kMissesBeforeDead = 2;
constexpr Duration kHandshakeEvery = Duration::minutes(60);

std::array<bool, kSockets> sending_sockets(const LinksConfig& config) {
  std::array<bool, kSockets> out{true, false, false};
  for (const wire::DataSocket& s : config.data_sockets) {
    if (s.direction == wire::Direction::ReceiveOnly) continue;
    out[s.socket_class == wire::SocketClass::Bulk ? 1 : 2] = true;
  }
  return out;
}

}  // namespace

Link::Link(Desk& desk, LinkSlot slot, const Friend& who)
    : desk_(desk),
      slot_(slot),
      friend_(who),
      peer_mac1_(crypto::mac1_key(who.static_key)),
      peer_cookie_(crypto::cookie_key(who.static_key)),
      smaller_(desk.config.static_key < who.static_key),
      sessions_(desk.indices),
      paths_(sending_sockets(desk.config)),
      channel_id_(static_cast<std::uint16_t>(1 + desk.random.next_u64() % 0xffff)),
      meter_(static_cast<std::uint32_t>(desk.random.next_u64())) {
  slots_.ours = who.idle;
  for (const Endpoint& e : who.endpoints) remember_host(e.ip);
  start_dial();
}

Link::~Link() {
  end_attempt();
  drop_offer();
  desk_.spares -= static_cast<std::uint32_t>(ledger_.of(FlowClass::Spare).unsent());
  std::erase_if(desk_.known_hosts, [&](const auto& e) { return e.second == slot_.value; });
}

void Link::touch() {
  if (touched) return;
  touched = true;
  desk_.touched.push_back(slot_.value);
}

void Link::update(const Friend& who) {
  const bool more = who.endpoints != friend_.endpoints;
  friend_ = who;
  for (const Endpoint& e : who.endpoints) remember_host(e.ip);
  if (more && !up_) start_dial();
  if (slots_.ours != who.idle) idle_changed();
  touch();
}

void Link::part() {
  cancel_older(last_epoch_ + 1);
}

void Link::cancel_older(std::uint32_t epoch) {
  for (std::uint32_t i = 0; i < kFlowClasses; ++i) {
    const auto as = static_cast<FlowClass>(i);
    // Spares count epochs of their own.
    desk_.effects->cancel(flow(as), as == FlowClass::Spare ? spares_.renew(ledger_.of(as)) : epoch);
  }
}

void Link::remember_host(const Address& ip) {
  constexpr std::size_t kHostsMost = 16;
  if (std::find(hosts_.begin(), hosts_.end(), ip) != hosts_.end()) return;
  if (hosts_.size() == kHostsMost) {
    const auto [first, last] = desk_.known_hosts.equal_range(hosts_.front());
    const auto ours =
        std::find_if(first, last, [&](const auto& e) { return e.second == slot_.value; });
    if (ours != last) desk_.known_hosts.erase(ours);
    hosts_.erase(hosts_.begin());
  }
  hosts_.push_back(ip);
  desk_.known_hosts.emplace(ip, slot_.value);
}

void Link::learned_endpoint() {
  const Endpoint& remote = paths_.control().to;
  if (remote == told_endpoint_) return;
  told_endpoint_ = remote;
  remember_host(remote.ip);
  if (friend_.endpoints.empty() || friend_.endpoints.front() != remote) {
    desk_.effects->tell(EndpointLearned{friend_.id, remote});
  }
}

// ---- up and down -------------------------------------------------------------------------------

LinkState Link::state() const {
  // A friend that does not answer for a while is down, though it is tried for ever.
  constexpr unsigned kPatientAttempts = 6;
  if (up_) return LinkState::Up;
  const bool trying = dial_.phase != Dial::Phase::Idle && dial_.attempts <= kPatientAttempts;
  return trying && desk_.keystore_up ? LinkState::Handshaking : LinkState::Down;
}

void Link::tell_state() {
  const LinkState now = state();
  if (now == told_) return;
  told_ = now;
  desk_.effects->tell(LinkChanged{friend_.id, now});
}

void Link::confirmed(Session& session, const Route& route) {
  const bool new_boot = !boot_ || *boot_ != session.start().peer_boot;
  if (new_boot) restarted(session);
  sessions_.settle(desk_.now);
  drop_offer();
  const bool by_keystore = session.start().born == session.start().rooted;
  if (by_keystore) {
    const auto tenth = static_cast<std::uint64_t>((kHandshakeEvery / 10).nanoseconds);
    const auto jitter = static_cast<std::int64_t>(desk_.random.next_u64() % (2 * tenth));
    handshake_due_ = desk_.now + kHandshakeEvery - kHandshakeEvery / 10 + Duration{jitter};
    size_.restart(desk_.now);
    ++desk_.counters.handshakes_made;
  } else {
    ++desk_.counters.rekeys_made;
  }
  last_heard_ = desk_.now;
  const bool was_up = up_;
  if (!was_up) go_up(route);
  if (was_up && new_boot) announce_up();
  if (was_up) renew_spares();
  // The friend moves to the new keys with the first cell that it gets under them (Step L13).
  paths_.probe_now(desk_.now);
  run_probes();
  touch();
}

void Link::go_up(const Route& route) {
  up_ = true;
  up_since_ = desk_.now;
  slots_.loud(desk_.now);
  desk_.tend = true;
  paths_.start(route, desk_.now);
  announce_up();
  touch();
}

void Link::announce_up() {
  const bool new_boot = announced_boot_ != boot_;
  announced_boot_ = boot_;
  tell_state();
  if (new_boot) send_hello();  // before anything that the event may send (Step L23)
  desk_.events->on_link_up(slot_, new_boot ? Boot::New : Boot::Same, desk_.now);
}

void Link::restarted(const Session& session) {
  sessions_.keep_boot(session.start().peer_boot);
  boot_ = session.start().peer_boot;
  channel_ = {};
  peer_channel_ = peer_channel_before_ = 0;
  forget_friend();
  cancel_older(session.start().epoch);
}

void Link::forget_friend() {
  reassembly_.reset();
  paths_.forget_data();
  slots_.theirs = IdleLane::Off;
  paths_.rouse(desk_.now);
  meter_.restart();
  peer_stamp_ = {};
}

void Link::began_anew() {
  channel_ = {};
  forget_friend();
  announced_boot_.reset();
  if (up_) announce_up();
}

void Link::go_down() {
  if (!up_) return;
  up_ = false;
  up_before_ = up_before_ + (desk_.now - up_since_);
  drop_offer();
  renew_spares();
  desk_.events->on_link_down(slot_, desk_.now);
  start_dial();
  touch();
}

// ---- time --------------------------------------------------------------------------------------

void Link::run_probes() {
  // Step L24: silence although we asked.
  const bool silent = desk_.now - last_heard_ >= kDeadAfter;
  if (silent && paths_.misses() >= kMissesBeforeDead) {
    go_down();
    return;
  }
  const Pace pace = overdue() ? Pace::Now : waiting();
  while (const auto probe = paths_.due(desk_.now, probe_pace(), desk_.random)) {
    send_challenge(*probe, pace);
  }
}

void Link::run_size_probe() {
  const SizeProbe::View view{desk_.now, last_heard_, rtt_.timeout(), slots_.silent(desk_.now)};
  if (const auto token = size_.due(view, desk_.random)) {
    send_frame(wire::PadFrame{*token}, {paths_.control(), CellSize::Large});
    // Whether S passes at the same time is half of the question.
    paths_.probe_now(desk_.now);
  }
}

void Link::timer() {
  touch();
  sessions_.settle(desk_.now);
  if (up_ && sessions_.sending() == nullptr) go_down();
  if (up_) run_size_probe();
  if (up_) run_probes();
  if (up_) {
    run_rekey();
    if (handshake_due_ <= desk_.now && dial_.phase == Dial::Phase::Idle) start_dial();
  }
  dial_timer();
  tell_state();
}

Instant Link::deadline() const {
  Instant soonest = sessions_.deadline();
  const auto also = [&](Instant at) { soonest = std::min(soonest, at); };
  const bool attempt = dial_.phase != Dial::Phase::Idle && dial_.phase != Dial::Phase::Queued;
  if (attempt) also(dial_.next);
  if (!up_) return soonest;
  also(paths_.deadline());
  also(size_.deadline());
  also(channel_.deadline());
  also(report_due());
  if (offering_) also(offer_until_);
  const Session* sending = sessions_.sending();
  if (!offering_ && sending != nullptr) also(std::max(sending->rekey_at(), offer_until_));
  if (dial_.phase == Dial::Phase::Idle) also(handshake_due_);
  return soonest;
}

}  // namespace covfefe::core
