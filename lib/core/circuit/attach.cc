// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/attach.h"

namespace covfefe::core {

namespace {

std::uint64_t counter_of(const wire::AttachCircuit& asked) {
  return load_le<std::uint64_t>(asked.counter.data());
}

}  // namespace

wire::AttachCircuit Attach::ask(const crypto::PublicKey& ephemeral) {
  wire::AttachCircuit out;
  out.session = keys_.session;
  store_le(out.counter.data(), ++sent_);
  out.token = crypto::attach_token({keys_.ask.view(), sent_}, ephemeral);
  return out;
}

bool Attach::agreed(const wire::AttachCircuit& asked, const crypto::PublicKey& ephemeral,
                    const wire::CircuitAttached& answer) const {
  return crypto::attach_token_is({keys_.answer.view(), counter_of(asked)}, ephemeral, answer.token);
}

Result<wire::CircuitAttached> Attach::answer(const wire::AttachCircuit& asked,
                                             const crypto::PublicKey& ephemeral) {
  const std::uint64_t counter = counter_of(asked);
  if (counter == 0 || counter >> 63 != 0 || !window_.fresh(counter)) return Reject::Replayed;
  if (!crypto::attach_token_is({keys_.asked.view(), counter}, ephemeral, asked.token)) {
    return Reject::Forged;
  }
  window_.set(counter);
  return wire::CircuitAttached{crypto::attach_token({keys_.answered.view(), counter}, ephemeral)};
}

}  // namespace covfefe::core
