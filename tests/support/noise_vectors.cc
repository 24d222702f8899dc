// SPDX-License-Identifier: Apache-2.0
#include "support/noise_vectors.h"

#include "base/hex.h"
#include "crypto/aead.h"
#include "crypto/noise.h"
#include "support/fixed_entropy.h"

namespace covfefe::test {
namespace {

using crypto::NoiseHandshake;
using crypto::Role;

crypto::KeyView key_of(const std::vector<std::uint8_t>& bytes) {
  return crypto::KeyView(bytes.data(), crypto::kKeySize);
}

class Side {
 public:
  Side(const Json& vector, Role role, std::string prefix)
      : prefix_(std::move(prefix)), random_(optional(vector, "ephemeral")) {
    const std::string& name = vector["protocol_name"].text();
    const std::string pattern = name.substr(6, name.find('_', 6) - 6);
    const auto prologue = optional(vector, "prologue");
    const auto secret = optional(vector, "static");
    const auto remote = optional(vector, "remote_static");
    crypto::NoiseSetup setup;
    setup.pattern = crypto::find_pattern(pattern);
    setup.role = role;
    setup.prologue = prologue;
    if (!secret.empty()) {
      static_ = crypto::key_pair(crypto::SecretKey(key_of(secret)));
      setup.local_static = static_.view();
    }
    if (!remote.empty()) setup.remote_static = key_of(remote);
    noise_.emplace(setup);
    if (!vector.has(prefix_ + "_psks") || vector[prefix_ + "_psks"].items().empty()) return;
    noise_->set_psk(key_of(vector[prefix_ + "_psks"].items()[0].bytes()));
  }

  NoiseHandshake& noise() { return *noise_; }
  crypto::Entropy& random() { return random_; }
  void finish() { keys_ = noise_->split(); }

  std::vector<std::uint8_t> seal(ByteView plain) {
    std::vector<std::uint8_t> out(plain.size() + crypto::kTagSize);
    const MutableBytes all(out);
    crypto::aead_seal({keys_.send.view(), sent_++}, {}, plain,
                      {all.first(plain.size()), all.last<crypto::kTagSize>()});
    return out;
  }
  bool open(ByteView sealed, MutableBytes plain) {
    return crypto::aead_open({keys_.receive.view(), received_++}, {},
                             {sealed.first(plain.size()), sealed.last<crypto::kTagSize>()}, plain);
  }

 private:
  [[nodiscard]] std::vector<std::uint8_t> optional(const Json& vector, const char* what) const {
    const std::string key = prefix_ + "_" + what;
    return vector.has(key) ? vector[key].bytes() : std::vector<std::uint8_t>{};
  }

  std::string prefix_;
  FixedEntropy random_;
  crypto::KeyPair static_;
  std::optional<NoiseHandshake> noise_;
  crypto::NoiseKeys keys_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

std::string handshake_message(Side& from, Side& to, const Json& message) {
  const auto payload = message["payload"].bytes();
  const auto expected = message["ciphertext"].bytes();
  std::vector<std::uint8_t> out(expected.size() + 64);
  const auto size = from.noise().write(payload, from.random(), out);
  if (!size) return "write refused";
  out.resize(*size);
  if (out != expected) return "wrote " + to_hex(out);
  std::vector<std::uint8_t> back(payload.size());
  std::vector<std::uint8_t> bent = out;
  bent.back() ^= 1;
  const bool sealed = out.size() >= payload.size() + 32 + crypto::kTagSize;
  if (sealed && to.noise().read(bent, back).ok()) return "a bent message was read";
  const auto read = to.noise().read(out, back);
  if (!read || *read != payload.size() || back != payload) return "read back something else";
  return {};
}

std::string transport_message(Side& from, Side& to, const Json& message) {
  const auto payload = message["payload"].bytes();
  const auto out = from.seal(payload);
  if (out != message["ciphertext"].bytes()) return "sealed " + to_hex(out);
  std::vector<std::uint8_t> back(payload.size());
  if (!to.open(out, back) || back != payload) return "opened something else";
  return {};
}

}  // namespace

std::string run_noise_vector(const Json& vector) {
  Side initiator(vector, Role::Initiator, "init");
  Side responder(vector, Role::Responder, "resp");
  const auto& messages = vector["messages"].items();
  bool split = false;
  bool one_way = false;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const bool finished = initiator.noise().finished();
    if (finished && !split) {
      split = true;
      one_way = i == 1;
      const auto expected = vector.has("handshake_hash") ? vector["handshake_hash"].text() : "";
      const std::string hash = to_hex(initiator.noise().hash());
      if (!expected.empty() && hash != expected) return "handshake hash " + hash;
      if (hash != to_hex(responder.noise().hash())) return "the two sides' hashes differ";
      initiator.finish();
      responder.finish();
    }
    const bool forward = one_way || i % 2 == 0;
    Side& from = forward ? initiator : responder;
    Side& to = forward ? responder : initiator;
    const std::string wrong = finished ? transport_message(from, to, messages[i])
                                       : handshake_message(from, to, messages[i]);
    if (!wrong.empty()) return "message " + std::to_string(i) + ": " + wrong;
  }
  return split ? "" : "no transport message";
}

}  // namespace covfefe::test
