// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/link/link.h"
#include "wire/handshake.h"

namespace covfefe::core {
namespace {

using Phase = Dial::Phase;
using HandshakeDatagram = ByteArray<wire::kInitiationSize>;

// A link that is up tries its hourly handshake with a friend whose keystore may be away for hours.
constexpr Duration kPatientPause = Duration::seconds(60);

}  // namespace

// ---- dialling ----------------------------------------------------------------------------------

std::vector<Endpoint> Link::dial_targets() const {
  std::vector<Endpoint> targets;
  if (paths_.control().to.port != 0) targets.push_back(paths_.control().to);
  if (up_) return targets;
  for (const Endpoint& e : friend_.endpoints) {
    if (std::find(targets.begin(), targets.end(), e) == targets.end()) targets.push_back(e);
  }
  return targets;
}

void Link::start_dial() {
  if (dial_.phase != Phase::Idle || dial_targets().empty()) return;
  dial_.attempts = 0;
  queue_dial();
}

void Link::queue_dial() {
  dial_.phase = Phase::Queued;
  desk_.dial_queue.push_back(slot_.value);
}

void Link::end_attempt() {
  if (dial_.index.value != 0) desk_.indices.withdraw(dial_.index);
  desk_.asked.erase(dial_.request);
  dial_.index = {};
  dial_.request = {};
}

void Link::dial() {
  // Step L5, covfefe-protocol(7).
  if (dial_.phase != Phase::Queued) return;
  const std::vector<Endpoint> targets = dial_targets();
  const bool needless = up_ && handshake_due_ > desk_.now;
  const auto random = static_cast<std::uint32_t>(desk_.random.next_u64());
  const auto index =
      needless || targets.empty() ? std::nullopt : desk_.indices.issue(slot_.value, random);
  dial_.phase = Phase::Idle;
  if (!index) return;
  dial_.phase = Phase::Asked;
  dial_.index = *index;
  dial_.target = targets[dial_.attempts % targets.size()];
  ++dial_.attempts;
  dial_.started = desk_.now;
  const bool patient = up_ && dial_.attempts >= Dial::kFirstAttempts;
  dial_.next =
      desk_.now + (patient ? kPatientPause : dial_pause(dial_.attempts, desk_.random.next_u64()));
  dial_.request = desk_.ask(Initiate{friend_.static_key, desk_.config.boot});
  desk_.asked.emplace(dial_.request, slot_.value);
  touch();
  tell_state();
}

void Link::send_handshake(ByteView datagram, const Route& route) {
  const Frame frame = acquire(FlowClass::Control, 1);
  if (frame.bytes.empty()) return;
  copy(datagram, frame.bytes);
  post(frame, {Posted::Handshake, datagram.size(), last_epoch_},
       {FlowClass::Control, {}, route, Pace::Now});
}

void Link::send_initiation(const Initiated& made) {
  dial_.handshake = made.handshake;
  dial_.phase = Phase::Waiting;
  HandshakeDatagram out{};
  wire::write_initiation({dial_.index.value, made.message}, out);
  crypto::put_mac1(peer_mac1_, out);
  if (dial_.cookie && desk_.now < dial_.cookie_until) crypto::put_mac2(*dial_.cookie, out);
  dial_.mac1 = crypto::mac1_of(out);
  send_handshake(out, {0, dial_.target, {}});
}

void Link::keystore_answered(KeystoreReply& reply) {
  if (reply.request != dial_.request) return;
  if (const auto* why = std::get_if<Reject>(&reply.answer)) failed(*why);
  const auto* made = std::get_if<Initiated>(&reply.answer);
  if (made != nullptr && dial_.phase == Phase::Asked) send_initiation(*made);
  const auto* done = std::get_if<Established>(&reply.answer);
  if (done != nullptr && dial_.phase == Phase::Finishing) finish(*done);
  touch();
  tell_state();
}

void Link::failed(Reject why) {
  const bool asked = dial_.phase == Phase::Asked;
  dial_.failure = std::string(asked ? "the keystore refuses this friend: "
                                    : "the friend's answer was refused: ") +
                  name_of(why);
  // A forged answer does not end the attempt: the true one may still come.
  dial_.phase = asked ? Phase::Resting : Phase::Waiting;
}

void Link::read_response(const DatagramIn& datagram) {
  // Step L7.
  const auto response = wire::parse_response(datagram.bytes);
  if (!response || dial_.phase != Phase::Waiting || response->receiver != dial_.index.value) return;
  Finish ask{dial_.handshake, {}};
  copy(response->noise, ask.message);
  dial_.peer_index = {response->sender};
  dial_.answered_at = {0, datagram.from, datagram.to};
  dial_.phase = Phase::Finishing;
  dial_.next = std::max(dial_.next, desk_.now + Dial::kKeystorePatience);
  dial_.request = desk_.ask(ask);
  desk_.asked.emplace(dial_.request, slot_.value);
  touch();
}

void Link::read_cookie(const DatagramIn& datagram) {
  // Step L3, the initiator's half.
  if (dial_.phase != Phase::Waiting) return;
  const std::span<const std::uint8_t, crypto::kSealedCookie> sealed(datagram.bytes.data() + 8,
                                                                    crypto::kSealedCookie);
  const auto cookie = crypto::open_cookie({peer_cookie_, dial_.mac1}, sealed);
  if (!cookie) {
    ++desk_.counters.forged;
    return;
  }
  const bool first = !dial_.cookie || dial_.cookie_until <= desk_.now;
  dial_.cookie = *cookie;
  dial_.cookie_until = desk_.now + Dial::kCookieLife;
  // With the first cookie the next attempt will be let in: no reason to wait.
  if (first) dial_.next = std::min(dial_.next, desk_.now + Duration::millis(20));
  touch();
}

void Link::keystore_lost() {
  // What was pending died with the keystore (A6): everything starts again with the next one.
  if (dial_.phase == Phase::Idle || dial_.phase == Phase::Queued) return;
  end_attempt();
  dial_.attempts = 0;
  queue_dial();
  touch();
}

void Link::knock() {
  constexpr Duration kBetween = Duration::seconds(1);
  if (desk_.now - last_knock_ < kBetween && last_knock_ != Instant{}) return;
  last_knock_ = desk_.now;
  // While authentic cells arrive, a stray index is an old session's or a stranger's.
  if (up_ && desk_.now - last_heard_ < kBetween) return;
  // Anybody can forge such a datagram: a link that answers challenges stays as it is.
  if (up_ && paths_.misses() == 0) {
    paths_.probe_now(desk_.now);
    return touch();
  }
  if (up_) handshake_due_ = desk_.now;
  const bool resting = dial_.phase == Phase::Waiting || dial_.phase == Phase::Resting;
  if (resting && desk_.now - dial_.started >= kBetween) {
    end_attempt();
    queue_dial();
  }
  start_dial();
  touch();
}

void Link::dial_timer() {
  if (dial_.phase == Phase::Idle || dial_.phase == Phase::Queued || dial_.next > desk_.now) return;
  if (dial_.phase == Phase::Waiting) {
    dial_.failure = "no answer from " + format_endpoint(dial_.target);
  } else if (dial_.phase != Phase::Resting) {
    dial_.failure = "the keystore does not answer";
  }
  end_attempt();
  dial_.phase = Phase::Idle;
  if (!up_ || handshake_due_ <= desk_.now) queue_dial();
}

// ---- sessions ----------------------------------------------------------------------------------

SessionStart Link::session_start(crypto::Role role) {
  SessionStart start;
  start.role = role;
  start.epoch = ++last_epoch_;
  start.preferred = (role == crypto::Role::Initiator) == smaller_;
  start.born = desk_.now;
  start.rooted = desk_.now;
  return start;
}

void Link::finish(const Established& made) {
  if (made.peer != friend_.static_key) {
    failed(Reject::Unknown);
    return;
  }
  SessionStart start = session_start(crypto::Role::Initiator);
  start.mine = std::exchange(dial_.index, {});
  start.theirs = dial_.peer_index;
  start.peer_boot = made.peer_boot;
  dial_.phase = Phase::Idle;
  dial_.request = {};
  dial_.failure.clear();
  auto session = std::make_unique<Session>(start, made.masters);
  session->confirm();
  // The answer proves where the call arrived; where it says it is from is anybody's word.
  const bool direct = dial_.answered_at.to == dial_.target;
  confirmed(sessions_.add(std::move(session)),
            {0, dial_.target, direct ? dial_.answered_at.from : LocalAddress{}});
}

void Link::answer_caller(const Established& made, const Caller& caller) {
  // Step L6. The new keys are used for sending only after the first cell under them (Step L13).
  const auto index =
      desk_.indices.issue(slot_.value, static_cast<std::uint32_t>(desk_.random.next_u64()));
  if (!index) return;
  SessionStart start = session_start(crypto::Role::Responder);
  start.mine = *index;
  start.theirs = caller.index;
  start.peer_boot = made.peer_boot;
  sessions_.add(std::make_unique<Session>(start, made.masters));
  HandshakeDatagram out{};
  wire::write_response({index->value, caller.index.value, made.message}, out);
  crypto::put_mac1(peer_mac1_, out);
  call_ = {start.epoch, caller.route};
  send_handshake(out, caller.route);
  touch();
}

// ---- rekey -------------------------------------------------------------------------------------

void Link::drop_offer() {
  if (!offering_) return;
  desk_.indices.withdraw(offering_->index());
  offering_.reset();
}

void Link::run_rekey() {
  // Step L26.
  const Session& session = *sessions_.sending();
  if (offer_until_ > desk_.now || (session.rekey_at() > desk_.now && !session.worn())) return;
  drop_offer();
  offer_until_ = desk_.now + RekeyOffering::kPatience;
  const auto index =
      desk_.indices.issue(slot_.value, static_cast<std::uint32_t>(desk_.random.next_u64()));
  if (!index) return;
  offering_.emplace(session.export_key(), *index);
  offer_boot_ = session.start().peer_boot;
  offer_rooted_ = session.start().rooted;
  if (send_control({wire::RekeyOffer{*index, offering_->message(desk_.random)}})) return;
  drop_offer();
  offer_until_ = desk_.now + Duration::seconds(1);
}

void Link::handle(const wire::RekeyOffer& offer) {
  // Step L27. Of two offers that cross, the one of the smaller static key counts.
  if (offering_ && smaller_) return;
  if (offer.index.value < wire::kFirstReceiverIndex || !offers_.take(desk_.now)) {
    ++desk_.counters.malformed;
    return;
  }
  const auto random = static_cast<std::uint32_t>(desk_.random.next_u64());
  for (const auto& parent : sessions_.all()) {
    if (!parent->confirmed()) continue;
    const auto made = accept_rekey(parent->export_key(), offer.noise, desk_.random);
    if (!made) continue;
    const auto index = desk_.indices.issue(slot_.value, random);
    if (!index) return;
    drop_offer();
    SessionStart start = session_start(crypto::Role::Responder);
    start.mine = *index;
    start.theirs = offer.index;
    start.rooted = parent->start().rooted;
    start.peer_boot = parent->start().peer_boot;
    sessions_.add(std::make_unique<Session>(start, made->masters));
    send_control({wire::RekeyAnswer{*index, made->answer}});
    return;
  }
  ++desk_.counters.malformed;
}

void Link::handle(const wire::RekeyAnswer& answer) {
  // Step L28.
  if (!offering_ || answer.index.value < wire::kFirstReceiverIndex) return;
  const auto masters = offering_->finish(answer.noise);
  if (!masters) {
    ++desk_.counters.malformed;
    return;
  }
  SessionStart start = session_start(crypto::Role::Initiator);
  start.mine = offering_->index();
  start.theirs = answer.index;
  start.rooted = offer_rooted_;
  start.peer_boot = offer_boot_;
  offering_.reset();
  auto session = std::make_unique<Session>(start, *masters);
  session->confirm();
  confirmed(sessions_.add(std::move(session)), paths_.control());
}

}  // namespace covfefe::core
