// SPDX-License-Identifier: Apache-2.0
#include "core/link/rekey.h"

#include "base/check.h"

namespace covfefe::core {
namespace {

crypto::NoiseHandshake rekey_handshake(crypto::Role role, crypto::KeyView psk) {
  crypto::NoiseSetup setup;
  setup.pattern = crypto::find_pattern("NNpsk0");
  setup.role = role;
  setup.prologue = bytes_of("covfefe rekey v1");
  crypto::NoiseHandshake noise(setup);
  noise.set_psk(psk);
  return noise;
}

LinkMasters masters_of(crypto::NoiseKeys keys) {
  return {std::move(keys.send), std::move(keys.receive)};
}

}  // namespace

RekeyOffering::RekeyOffering(crypto::KeyView export_key, ReceiverIndex index)
    : noise_(rekey_handshake(crypto::Role::Initiator, export_key)), index_(index) {}

RekeyMessage RekeyOffering::message(crypto::Drbg& random) {
  RekeyMessage out{};
  const auto written = noise_.write({}, random, out);
  CHECK(written.ok() && *written == out.size());  // the first message has no DH that could fail
  return out;
}

std::optional<LinkMasters> RekeyOffering::finish(const RekeyMessage& answer) {
  if (!noise_.read(answer, {})) return std::nullopt;
  return masters_of(noise_.split());
}

std::optional<RekeyAccepted> accept_rekey(crypto::KeyView export_key, const RekeyMessage& offer,
                                          crypto::Drbg& random) {
  crypto::NoiseHandshake noise = rekey_handshake(crypto::Role::Responder, export_key);
  if (!noise.read(offer, {})) return std::nullopt;
  RekeyAccepted out;
  if (!noise.write({}, random, out.answer)) return std::nullopt;
  out.masters = masters_of(noise.split());
  return out;
}

}  // namespace covfefe::core
