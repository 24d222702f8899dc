// SPDX-License-Identifier: Apache-2.0
// One end-to-end session: Noise_XXpsk0 keyed by the dialled address, certificates inside, then
// counted cells (Steps E1 to E5 and E14, covfefe-protocol(7); A7). It seals plaintexts into cell
// bodies and opens them, wherever the cells come from. Thread: data.
#pragma once

#include <memory>
#include <optional>

#include "base/address.h"
#include "base/instant.h"
#include "base/result.h"
#include "core/circuit/attach.h"
#include "core/circuit/identity.h"
#include "core/link/replay.h"
#include "crypto/entropy.h"
#include "crypto/noise.h"
#include "wire/limits.h"

namespace covfefe::core {

enum class Order : std::uint8_t {
  Kept,   // cells that the far end puts in order where they come by several legs
  Loose,  // the others; they have a count of their own, so that nothing waits for them
};

class E2e {
 public:
  using Message1 = ByteArray<wire::kSessionMsg1>;
  using Message2 = ByteArray<wire::kSessionMsg2>;

  struct Setup {
    const SessionIdentity& me;    // copied
    Address dialled;              // whose address keys the handshake
    std::optional<Address> peer;  // who the other side must prove to be; nothing: anybody
  };
  [[nodiscard]] static std::unique_ptr<E2e> open(const Setup& setup, crypto::Entropy& random,
                                                 Message1& out);
  // The initiator: out goes into DirectOpen.
  [[nodiscard]] static Result<std::unique_ptr<E2e>> answer(const Setup& setup, const Message1& in,
                                                           crypto::Entropy& random, Message2& out);
  // The responder: out goes into DirectOpened. Forged: not our address, answer "no service".

  E2e(const E2e&) = delete;
  E2e& operator=(const E2e&) = delete;

  [[nodiscard]] Result<void> opened(const Message2& in, WallTime now, crypto::Entropy& random);
  // The initiator, once: checks the certificate; from now on it can seal.

  [[nodiscard]] bool keyed() const { return keyed_; }
  [[nodiscard]] bool confirmed() const { return confirmed_; }
  // The other side is known to have the keys: something authentic came under them.

  [[nodiscard]] const std::optional<Address>& peer() const { return peer_; }
  // Who the other side has to be, or has proved to be; known when keyed().
  [[nodiscard]] Attach& attach() { return attach_; }
  // For further circuits; when keyed().

  void seal(ByteView plain, MutableBytes body, Order order = Order::Kept);
  // plain: kSmallPlain into kSmallBody, kLargePlain or kFirstPlain into kLargeBody. The last form
  // carries the third handshake message and is for an initiator that is not confirmed yet; its
  // order is kept. Only when keyed().
  [[nodiscard]] Result<ByteView> open(MutableBytes body, WallTime now);
  // In place; the plaintext is a part of body. The responder's first one completes its handshake.
  // Unexpected, Replayed, Forged, or a certificate's fault.
  [[nodiscard]] static std::optional<std::uint64_t> place(ByteView body);
  // Of a body that was opened: its place in the order, from 1; nothing if it is loose.

 private:
  explicit E2e(const Setup& setup, crypto::Role role);
  void key();
  Result<void> check(ByteView certificate, WallTime now);
  Result<void> read_third(ByteView message, WallTime now);
  struct At {
    std::size_t head;
    Order order;
  };
  Result<ByteView> open_at(const At& at, MutableBytes body);

  SessionIdentity me_;
  std::optional<Address> peer_;
  crypto::Role role_;
  std::unique_ptr<crypto::NoiseHandshake> noise_;  // borrows me_; gone when keyed and confirmed
  ByteArray<wire::kSessionMsg3> third_{};          // initiator: repeated until confirmed
  crypto::NoiseKeys keys_;
  Attach attach_;
  struct Count {
    std::uint64_t sent = 0;
    ReplayWindow<8192> window;  // wider than the hop's: streams over several circuits reorder more
  };
  std::array<Count, 2> counts_;  // by Order
  bool keyed_ = false;
  bool confirmed_ = false;
};

}  // namespace covfefe::core
