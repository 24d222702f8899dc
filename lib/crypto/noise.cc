// SPDX-License-Identifier: Apache-2.0
// The HandshakeState of the specification (section 5.3).
#include "crypto/noise.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/noise_hkdf.h"

namespace covfefe::crypto {
namespace {

// Whether `role` sends its static key in a message (rather than having it known beforehand).
bool sends_static(const NoisePattern& pattern, Role role) {
  const std::size_t first = role == Role::Initiator ? 0 : 1;
  for (std::size_t i = first; i < pattern.messages; i += 2) {
    const NoiseMessage& m = pattern.message[i];
    if (std::find(m.begin(), m.end(), NoiseToken::S) != m.end()) return true;
  }
  return false;
}

bool static_known(const NoisePattern& pattern, Role role) {
  return role == Role::Initiator ? pattern.initiator_static_known : pattern.responder_static_known;
}

Role other(Role role) {
  return role == Role::Initiator ? Role::Responder : Role::Initiator;
}

}  // namespace

NoiseHandshake::NoiseHandshake(const NoiseSetup& setup)
    : pattern_(setup.pattern), role_(setup.role), local_static_(setup.local_static) {
  CHECK(pattern_ != nullptr);
  const bool mine_known = static_known(*pattern_, role_);
  const bool theirs_known = static_known(*pattern_, other(role_));
  CHECK(local_static_.has_value() || !(mine_known || sends_static(*pattern_, role_)));
  CHECK(setup.remote_static.has_value() || !theirs_known);
  if (setup.remote_static) copy(*setup.remote_static, state_.remote_static);

  Writer name(state_.h);
  name.bytes(bytes_of("Noise_"));
  name.bytes(bytes_of(pattern_->name));
  name.bytes(bytes_of("_25519_ChaChaPoly_BLAKE2b"));
  state_.chaining = Secret<64>(state_.h);
  state_.mix_hash(setup.prologue);
  for (const Role whose : {Role::Initiator, Role::Responder}) {
    if (!static_known(*pattern_, whose)) continue;
    state_.mix_hash(whose == role_ ? ByteView(local_static_->public_key)
                                   : ByteView(state_.remote_static));
  }
}

void NoiseHandshake::set_psk(KeyView psk) {
  state_.psk = SecretKey(psk);
}

bool NoiseHandshake::my_turn() const {
  return !finished() && (next_ % 2 == 0) == (role_ == Role::Initiator);
}

bool NoiseHandshake::uses_psk() const {
  return pattern_->name.find("psk") != std::string_view::npos;
}

bool NoiseHandshake::mix_dh(State& state, NoiseToken token) const {
  const bool initiator = role_ == Role::Initiator;
  const bool my_static =
      token == NoiseToken::SS || token == (initiator ? NoiseToken::SE : NoiseToken::ES);
  const bool their_static =
      token == NoiseToken::SS || token == (initiator ? NoiseToken::ES : NoiseToken::SE);
  const KeyView mine = my_static ? local_static_->secret : KeyView(state.ephemeral_secret.view());
  const auto shared = dh(mine, their_static ? state.remote_static : state.remote_ephemeral);
  if (!shared) return false;
  state.mix_key(shared->view());
  return true;
}

bool NoiseHandshake::write_token(State& state, NoiseToken token, Entropy& random,
                                 Writer& out) const {
  switch (token) {
    case NoiseToken::E: {
      KeyPair pair = make_key_pair(random);
      state.ephemeral = pair.public_key;
      state.ephemeral_secret = std::move(pair.secret);
      out.bytes(state.ephemeral);
      state.mix_hash(state.ephemeral);
      if (uses_psk()) state.mix_key(state.ephemeral);
      return true;
    }
    case NoiseToken::S: {
      const MutableBytes room = out.skip(kKeySize + state.overhead());
      CHECK(!out.failed());
      state.encrypt(local_static_->public_key, room);
      return true;
    }
    case NoiseToken::Psk:
      state.mix_psk();
      return true;
    default:
      return mix_dh(state, token);
  }
}

Result<std::size_t> NoiseHandshake::write(ByteView payload, Entropy& random, MutableBytes out) {
  CHECK(my_turn());
  State state = state_.duplicate();
  Writer to(out);
  for (const NoiseToken token : pattern_->message[next_]) {
    if (token == NoiseToken::End) break;
    if (!write_token(state, token, random, to)) return Reject::Forged;
  }
  const MutableBytes room = to.skip(payload.size() + state.overhead());
  CHECK(!to.failed());
  state.encrypt(payload, room);
  state_ = std::move(state);
  ++next_;
  return to.written();
}

Result<void> NoiseHandshake::read_static(State& state, Reader& in, StaticGate* gate) const {
  const ByteView sealed = in.take(kKeySize + state.overhead());
  if (in.failed()) return Reject::WrongLength;
  if (!state.decrypt(sealed, state.remote_static)) return Reject::Forged;
  if (gate == nullptr) return {};
  auto psk = gate->admit(state.remote_static);
  if (!psk) return Reject::Unknown;
  state.psk = std::move(*psk);
  return {};
}

Result<void> NoiseHandshake::read_token(State& state, NoiseToken token, Reader& in,
                                        StaticGate* gate) const {
  switch (token) {
    case NoiseToken::E:
      state.remote_ephemeral = in.array<kKeySize>();
      if (in.failed()) return Reject::WrongLength;
      state.mix_hash(state.remote_ephemeral);
      if (uses_psk()) state.mix_key(state.remote_ephemeral);
      return {};
    case NoiseToken::S:
      return read_static(state, in, gate);
    case NoiseToken::Psk:
      state.mix_psk();
      return {};
    default:
      if (!mix_dh(state, token)) return Reject::Forged;
      return {};
  }
}

Result<std::size_t> NoiseHandshake::read(ByteView message, MutableBytes payload, StaticGate* gate) {
  if (finished() || my_turn()) return Reject::Unexpected;
  State state = state_.duplicate();
  Reader in(message);
  for (const NoiseToken token : pattern_->message[next_]) {
    if (token == NoiseToken::End) break;
    if (const auto good = read_token(state, token, in, gate); !good) return good.error();
  }
  if (in.remaining() < state.overhead()) return Reject::WrongLength;
  const std::size_t size = in.remaining() - state.overhead();
  if (payload.size() < size) return Reject::WrongLength;
  if (!state.decrypt(in.take(in.remaining()), payload.first(size))) return Reject::Forged;
  state_ = std::move(state);
  ++next_;
  return size;
}

SecretKey NoiseHandshake::export_key(std::string_view label) const {
  CHECK(finished());
  SecretKey out;
  blake2b(state_.chaining.view(), {bytes_of(label), state_.h}, out.mutable_view());
  return out;
}

NoiseKeys NoiseHandshake::split() {
  CHECK(finished());
  NoiseOutputs out = noise_hkdf(state_.chaining, {});
  state_.chaining.wipe();
  state_.key.wipe();
  state_.ephemeral_secret.wipe();
  state_.psk.wipe();
  SecretKey forward(out.first.view().first<kKeySize>());
  SecretKey backward(out.second.view().first<kKeySize>());
  if (role_ == Role::Initiator) return {std::move(forward), std::move(backward)};
  return {std::move(backward), std::move(forward)};
}

}  // namespace covfefe::crypto
