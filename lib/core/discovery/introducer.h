// SPDX-License-Identifier: Apache-2.0
// What discovery keeps of one friend. Thread: data.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "core/circuit_io.h"
#include "core/discovery/calendar.h"
#include "core/discovery/intake.h"
#include "core/discovery/tally.h"
#include "core/io.h"
#include "core/link/bucket.h"
#include "wire/control.h"

namespace covfefe::crypto {
class Drbg;  // crypto/drbg.h
}

namespace covfefe::core {

struct DiscoveryConfig;

struct Served {                  // the list that the friend gets
  std::uint32_t generation = 0;  // 0: none yet
  std::uint32_t epoch = 0;
  std::vector<wire::Descriptor> entries;
  enum class Built : std::uint8_t { No, Yes } built = Built::No;  // No: something changed since
  Instant announce_at = Instant::never();
  std::optional<wire::DescriptorsGet> asked;  // could not be answered at once
  Bucket pages{{20, 64}};
};

struct Fetched {                 // the lists that the friend gave
  std::array<FarList, 2> lists;  // of two epochs, the newer one first; epoch 0: none
  Intake intake;
  Instant fetch_at = Instant::never();   // a list is to be fetched from its start
  Instant ask_at = Instant::never();     // the intake's next page is to be asked for
  Instant answer_by = Instant::never();  // it was asked for
  Instant not_before{};                  // after a list that broke a rule
  Duration patience;                     // that answer_by grants
  Instant tell_at = Instant::never();    // the newest list is to be remembered
  std::optional<Instant> told_at;
  Bucket fetches{{1, 4}};
  Bucket announcements{{2, 16}};
};

struct Introducer {
  LinkSlot link;
  Friend who;
  bool up = false;
  Instant known_since;
  Instant changed_at;  // link came up or went down
  Duration up_total;   // without the time since changed_at
  std::optional<wire::Offer> offer;
  Instant offer_at = Instant::never();  // ours to it is due
  Served served;
  Fetched fetched;
  Bucket names{{5, 20}};
};

using Introducers = std::vector<std::unique_ptr<Introducer>>;  // by link slot

[[nodiscard]] const FarList* list_of(const Introducer& n, std::uint32_t epoch);
// What it served of this epoch; none: nothing.

struct Commons {  // what the parts of discovery share
  const DiscoveryConfig& config;
  CellSink& sink;
  crypto::Drbg& random;
  Calendar calendar{};
  Instant now{};
  Effects* effects = nullptr;  // within a step
  DiscoveryTally tally{};
  Introducers friends{};
  Instant deadline = Instant::never();
  std::uint64_t changes = 0;  // grows whenever paths may have become others

  [[nodiscard]] Introducer* at(LinkSlot link) const {
    return link.value < friends.size() ? friends[link.value].get() : nullptr;
  }
  [[nodiscard]] Introducer* find(FriendId id) const {
    for (const auto& n : friends) {
      if (n && n->who.id == id) return n.get();
    }
    return nullptr;
  }
  void wake_at(Instant when) { deadline = std::min(deadline, when); }
};

[[nodiscard]] Visibility shown(const Introducer& n);
// What both ends of the friendship allow (Step D2); hidden while its offer is not known.

[[nodiscard]] std::optional<ByteArray<32>> onion_key(const Introducer& n, std::uint32_t epoch);
// Of its offer, for descriptors of this epoch (Step D3).

[[nodiscard]] std::uint8_t availability(const Introducer& n, Instant now);
// Per cent of the time since it is known that its link was up, in tens.

}  // namespace covfefe::core
