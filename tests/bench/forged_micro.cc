// SPDX-License-Identifier: Apache-2.0
// What the cryptography alone costs for one forged cell of a live session: CPU time of opening what
// tests/bench/flood sends as `forged`, and of the dearest that can be made, a whole cell of the
// friend's that was changed on its way. Prints one JSON line, microseconds; tests/bench/dos runs
// it.
#include <array>
#include <cstdio>
#include <ctime>
#include <vector>

#include "core/link/session.h"
#include "crypto/types.h"
#include "wire/limits.h"

namespace {

using namespace covfefe;

constexpr std::size_t kCells = 1'024;  // different ones, opened in turn
constexpr int kRounds = 400;

using Cells = std::vector<std::array<std::uint8_t, wire::kLargeDatagram>>;

double cpu_now() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

core::LinkMasters masters(std::uint8_t send, std::uint8_t receive) {
  core::LinkMasters out;
  out.send.mutable_view()[0] = send;
  out.receive.mutable_view()[0] = receive;
  return out;
}

core::SessionStart start_as(crypto::Role role) {
  core::SessionStart out;
  out.mine = out.theirs = ReceiverIndex{4096};
  out.role = role;
  return out;
}

// Microseconds for each; none of them may open.
double refusal(core::Session& session, const Cells& cells) {
  std::size_t opened = 0;
  const double begin = cpu_now();
  for (int round = 0; round < kRounds; ++round) {
    for (const auto& cell : cells) opened += session.open(cell).ok() ? 1 : 0;
  }
  const double spent = cpu_now() - begin;
  if (opened != 0) bug("a forged cell was opened");
  return spent * 1e6 / (kRounds * static_cast<double>(cells.size()));
}

Cells noise(crypto::Drbg& random) {
  Cells cells(kCells);
  for (auto& cell : cells) {
    random.fill(cell);
    store_le(cell.data(), std::uint32_t{4096});
  }
  return cells;
}

// Sealed by the friend, and one bit flipped: the counter holds, the tag does not.
Cells almost(core::Session& peer, crypto::Drbg& random) {
  Cells cells(kCells);
  std::array<std::uint8_t, wire::kLargeOnion> onion{};
  random.fill(onion);
  for (auto& cell : cells) {
    peer.seal(core::Lane::Bulk, {CircuitId{7}, 1}, onion, cell);
    cell[700] ^= 1;
  }
  return cells;
}

}  // namespace

int main() {
  if (!crypto::init()) return 1;
  crypto::Drbg random(ByteArray<32>{1});
  core::Session victim(start_as(crypto::Role::Responder), masters(1, 2));
  core::Session peer(start_as(crypto::Role::Initiator), masters(2, 1));
  const Cells forged = noise(random);
  const Cells damaged = almost(peer, random);
  (void)refusal(victim, forged);  // warm
  const double noise_each = refusal(victim, forged);
  const double damaged_each = refusal(victim, damaged);
  std::printf("{\"noise\": %.3f, \"damaged\": %.3f}\n", noise_each, damaged_each);
  return 0;
}
