// SPDX-License-Identifier: Apache-2.0
// The Noise protocol framework (revision 34) for 25519_ChaChaPoly_BLAKE2b: patterns are data, one
// state machine runs them all (Step N2, covfefe-protocol(7)). Used: IKpsk2 (link), NNpsk0 (rekey),
// XXpsk0 (end to end). No allocation. What a peer sent never aborts.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "crypto/dh.h"

namespace covfefe::crypto {

enum class NoiseToken : std::uint8_t { End, E, S, EE, ES, SE, SS, Psk };
using NoiseMessage = std::array<NoiseToken, 6>;

struct NoisePattern {
  std::string_view name;  // "IKpsk2"
  bool initiator_static_known = false;
  bool responder_static_known = false;
  std::size_t messages = 0;
  std::array<NoiseMessage, 3> message{};
};

[[nodiscard]] const NoisePattern* find_pattern(std::string_view name);
// N, X, NN, NNpsk0, NK, KK, KKpsk0, XX, XXpsk0, XXpsk3, IK, IKpsk1, IKpsk2; null for another.

struct NoiseSetup {
  const NoisePattern* pattern = nullptr;
  Role role = Role::Initiator;
  ByteView prologue;
  std::optional<KeyPairView> local_static;  // borrowed for the life of the handshake
  std::optional<KeyView> remote_static;     // copied
};

class StaticGate {
 public:
  virtual ~StaticGate() = default;
  virtual std::optional<SecretKey> admit(const PublicKey& remote_static) = 0;
  // Called by read() when the peer's static key has been decrypted and before any DH with it:
  // nothing = refuse (A33). The value is the PSK shared with that peer; all zero when there is
  // none.
};

struct NoiseKeys {
  SecretKey send;
  SecretKey receive;
};

class NoiseHandshake {
 public:
  explicit NoiseHandshake(const NoiseSetup& setup);
  // A setup without a key that the pattern needs is a bug.

  void set_psk(KeyView psk);
  // Before the message whose tokens hold psk, unless a gate gives it.

  [[nodiscard]] bool my_turn() const;
  [[nodiscard]] bool finished() const { return next_ == pattern_->messages; }

  [[nodiscard]] Result<std::size_t> write(ByteView payload, Entropy& random, MutableBytes out);
  // Length of the message. Forged: the peer's key gives a zero DH. out must have room (a bug if
  // not); the 32 bytes taken from `random` are the ephemeral secret.

  [[nodiscard]] Result<std::size_t> read(ByteView message, MutableBytes payload,
                                         StaticGate* gate = nullptr);
  // Length of the payload written. On any failure the handshake is as before the call, so that a
  // forged answer does not end it. WrongLength, Forged, Unknown (the gate refused), Unexpected (not
  // the peer's turn).

  [[nodiscard]] const PublicKey& remote_static() const { return state_.remote_static; }
  // Authentic once the message with its DH has been read.
  [[nodiscard]] const ByteArray<64>& hash() const { return state_.h; }
  // Channel binding, after finished().
  [[nodiscard]] SecretKey export_key(std::string_view label) const;
  // H-256 keyed with the chaining key over label || hash: a secret of both ends beside the keys of
  // split(). After finished(), before split().
  [[nodiscard]] NoiseKeys split();
  // After finished(); once.

 private:
  struct State {
    ByteArray<64> h{};
    Secret<64> chaining;
    SecretKey key;
    std::uint64_t counter = 0;
    bool keyed = false;
    SecretKey ephemeral_secret;
    PublicKey ephemeral{};
    PublicKey remote_ephemeral{};
    PublicKey remote_static{};
    SecretKey psk;

    [[nodiscard]] State duplicate() const;
    void mix_hash(ByteView data);
    void mix_key(ByteView input);
    void mix_psk();
    void encrypt(ByteView plain, MutableBytes out);
    [[nodiscard]] bool decrypt(ByteView sealed, MutableBytes plain);
    [[nodiscard]] std::size_t overhead() const { return keyed ? kTagSize : 0; }
  };

  [[nodiscard]] bool mix_dh(State& state, NoiseToken token) const;
  [[nodiscard]] bool write_token(State& state, NoiseToken token, Entropy& random,
                                 Writer& out) const;
  [[nodiscard]] Result<void> read_token(State& state, NoiseToken token, Reader& in,
                                        StaticGate* gate) const;
  [[nodiscard]] Result<void> read_static(State& state, Reader& in, StaticGate* gate) const;
  [[nodiscard]] bool uses_psk() const;

  const NoisePattern* pattern_;
  Role role_;
  std::optional<KeyPairView> local_static_;
  State state_;
  std::size_t next_ = 0;
};

}  // namespace covfefe::crypto
