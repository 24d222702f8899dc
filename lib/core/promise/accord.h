// SPDX-License-Identifier: Apache-2.0
// What the parts of the promises work on together. Thread: data.
#pragma once

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "core/promise/desk.h"
#include "core/promise/ids.h"
#include "core/promise/leaving.h"
#include "core/promise/party.h"
#include "core/promise/payload.h"

namespace covfefe::core {

struct Accord {
  CellSink& sink;
  crypto::Drbg& random;
  LedgerDesk desk{sink};
  PromisePolicy policy{};
  LeavingEvents* events = nullptr;  // who moves circuits; nobody in tests of promises alone
  std::deque<Party> parties{};      // by link slot
  std::unordered_map<std::uint32_t, LinkSlot> names{};  // whose promise a number of the CLI names
  Instant due = Instant::never();
  Instant now{};  // of this step
  Effects* effects = nullptr;

  void wake(Instant at) { due = std::min(due, at); }
  [[nodiscard]] Party* at(LinkSlot link) {
    if (link.value >= parties.size() || parties[link.value].id.value == 0) return nullptr;
    return &parties[link.value];
  }
  [[nodiscard]] Party* of(FriendId id) {
    const auto found = std::ranges::find(parties, id, &Party::id);
    return id.value == 0 || found == parties.end() ? nullptr : &*found;
  }
  [[nodiscard]] Party* of(const Address& address) {
    const auto found = std::ranges::find_if(
        parties, [&](const Party& p) { return p.id.value != 0 && p.address == address; });
    return found == parties.end() ? nullptr : &*found;
  }
  [[nodiscard]] Line line(const Party& party) const {
    return {policy.overhead,
            sink.small_only(party.link) ? Line::Cells::SmallOnly : Line::Cells::Both};
  }

  void send(Party& party, const wire::Control& message) {
    party.out.put(message);
    wake(now);
  }
  void note(Party& party, std::string what) {
    if (!party.notes.take(now)) return;  // what friends do must not fill the log
    effects->tell(PromiseNotice{party.id, std::move(what)});
  }
  enum class End : std::uint8_t { Kept, Broken };
  void ended(Party& party, PromiseKind kind, End how) {
    (how == End::Kept ? party.kept : party.broken) += 1;
    effects->tell(PromiseOutcome{party.id, kind, how == End::Kept});
  }
  void answer(RequestId question, decltype(Answer::what) what) {
    if (question.value != 0) effects->tell(Answer{question, std::move(what)});
  }

  [[nodiscard]] std::uint32_t name(const Party& party) {
    while (true) {
      const std::uint32_t id = any_promise(kFriendPromises, random);
      if (names.try_emplace(id, party.link).second) return id;
    }
  }
  // A fresh number; unname() gives it back. A friend's are bounded, so most are free.
  void unname(std::uint32_t id) { names.erase(id); }

  void measure(Party& party);
  // What the leases in force over its link let pass, from now until one begins or ends.
};
// Owned by Promises.

[[nodiscard]] std::uint32_t whole_seconds(Duration time);
// Rounded up, at most wire::kDay; 0 for none.
[[nodiscard]] FriendReport state_of(const Accord& accord, const Party& party);

}  // namespace covfefe::core
