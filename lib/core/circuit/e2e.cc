// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/e2e.h"

#include <utility>

#include "base/check.h"

namespace covfefe::core {

namespace {

constexpr std::string_view kPrologue = "covfefe e2e v1";
constexpr std::uint64_t kSequenceMask = (std::uint64_t{1} << 56) - 1;
constexpr std::size_t kDataHead = wire::kSessionCounter;
constexpr std::size_t kFirstHead = wire::kSessionCounter + wire::kSessionMsg3;

enum Kind : std::uint8_t { kData = 0, kFirst = 1, kLoose = 2 };  // top byte of the counter

}  // namespace

E2e::E2e(const Setup& setup, crypto::Role role) : peer_(setup.peer), role_(role) {
  me_.pair.public_key = setup.me.pair.public_key;
  me_.pair.secret = setup.me.pair.secret.duplicate();
  me_.certificate = setup.me.certificate;
  noise_ = std::make_unique<crypto::NoiseHandshake>(crypto::NoiseSetup{
      crypto::find_pattern("XXpsk0"), role, bytes_of(kPrologue), me_.pair.view(), std::nullopt});
  noise_->set_psk(crypto::session_psk(setup.dialled).view());
}

// Step E1, covfefe-protocol(7).
std::unique_ptr<E2e> E2e::open(const Setup& setup, crypto::Entropy& random, Message1& out) {
  std::unique_ptr<E2e> session(new E2e(setup, crypto::Role::Initiator));
  const Result<std::size_t> written = session->noise_->write({}, random, out);
  CHECK(written.ok() && *written == out.size());
  return session;
}

Result<std::unique_ptr<E2e>> E2e::answer(const Setup& setup, const Message1& in,
                                         crypto::Entropy& random, Message2& out) {
  std::unique_ptr<E2e> session(new E2e(setup, crypto::Role::Responder));
  if (const auto read = session->noise_->read(in, {}); !read) return read.error();
  const auto written = session->noise_->write(session->me_.certificate, random, out);
  if (!written) return written.error();
  CHECK(*written == out.size());
  return session;
}

Result<void> E2e::opened(const Message2& in, WallTime now, crypto::Entropy& random) {
  if (role_ != crypto::Role::Initiator || keyed_) return Reject::Unexpected;
  crypto::Certificate certificate;
  if (const auto read = noise_->read(in, certificate); !read) return read.error();
  if (const auto good = check(certificate, now); !good) return good;
  const auto written = noise_->write(me_.certificate, random, third_);
  if (!written) return written.error();
  CHECK(*written == third_.size());
  key();
  return {};
}

Result<void> E2e::check(ByteView certificate, WallTime now) {
  const auto who = crypto::check_certificate(certificate, noise_->remote_static(), now);
  if (!who) return who.error();
  if (peer_ && *who != *peer_) return Reject::Unknown;
  peer_ = *who;
  return {};
}

void E2e::key() {
  attach_ = Attach(noise_->export_key(crypto::kAttachLabel).view(), role_);
  keys_ = noise_->split();
  noise_.reset();
  me_ = SessionIdentity{};
  keyed_ = true;
}

// Step E4, covfefe-protocol(7).
void E2e::seal(ByteView plain, MutableBytes body, Order order) {
  CHECK(keyed_);
  const bool first = plain.size() == wire::kFirstPlain;
  const std::size_t head = first ? kFirstHead : kDataHead;
  CHECK(head + plain.size() + wire::kTagSize == body.size());
  if (first) {
    CHECK(role_ == crypto::Role::Initiator);
    copy(third_, body.subspan(wire::kSessionCounter));
  }
  copy(plain, body.subspan(head));
  const bool kept = first || order == Order::Kept;
  const std::uint64_t kind = first ? kFirst : kept ? kData : kLoose;
  const std::uint64_t number = ++counts_[kept ? 0 : 1].sent;
  crypto::seal_body({keys_.send.view(), kind << 56 | number}, head, body);
}

// Step E5, covfefe-protocol(7).
Result<ByteView> E2e::open(MutableBytes body, WallTime now) {
  const std::uint64_t kind = crypto::body_counter(body) >> 56;
  if (kind == kData) return open_at({kDataHead, Order::Kept}, body);
  if (kind == kLoose) return open_at({kDataHead, Order::Loose}, body);
  if (kind != kFirst || body.size() != wire::kLargeBody) return Reject::WrongType;
  if (role_ != crypto::Role::Responder) return Reject::Unexpected;
  if (!keyed_) {
    const ByteView third = body.subspan(wire::kSessionCounter, wire::kSessionMsg3);
    if (auto read = read_third(third, now); !read) return read.error();
  }
  return open_at({kFirstHead, Order::Kept}, body);
}

Result<void> E2e::read_third(ByteView message, WallTime now) {
  // After a good message with a bad certificate the handshake is over and the session stays
  // unkeyed: it can only be given up.
  if (noise_->finished()) return Reject::Unexpected;
  crypto::Certificate certificate;
  if (const auto read = noise_->read(message, certificate); !read) return read.error();
  if (const auto good = check(certificate, now); !good) return good;
  key();
  return {};
}

Result<ByteView> E2e::open_at(const At& at, MutableBytes body) {
  if (!keyed_) return Reject::Unexpected;
  auto& window = counts_[at.order == Order::Kept ? 0 : 1].window;
  const std::uint64_t sequence = crypto::body_counter(body) & kSequenceMask;
  if (!window.fresh(sequence) || sequence == 0) return Reject::Replayed;
  if (!crypto::open_body(keys_.receive.view(), at.head, body)) return Reject::Forged;
  window.set(sequence);
  confirmed_ = true;
  return ByteView(body).subspan(at.head, body.size() - at.head - wire::kTagSize);
}

std::optional<std::uint64_t> E2e::place(ByteView body) {
  const std::uint64_t counter = crypto::body_counter(body);
  if (counter >> 56 == kLoose) return std::nullopt;
  return counter & kSequenceMask;
}

}  // namespace covfefe::core
