// SPDX-License-Identifier: Apache-2.0
// Ways to an address through what friends served (Steps D6 and D11, covfefe-protocol(7)). Thread:
// data.
#pragma once

#include <set>
#include <unordered_map>

#include "core/discovery/choice.h"
#include "core/discovery/introducer.h"
#include "core/discovery/rests.h"

namespace covfefe::core {

class Finder {
 public:
  explicit Finder(Commons& commons) : commons_(commons) {}

  [[nodiscard]] bool known(const Address& to) { return !search(to).empty(); }
  [[nodiscard]] std::vector<Candidate> candidates(const Address& to);
  // Sorted (choice.h), the unusable ones at the end. Empty also when the entry rule forbids all.
  [[nodiscard]] bool may_enter() const { return met() >= needed(); }
  [[nodiscard]] std::size_t met() const;  // friends of trust Met
  [[nodiscard]] std::size_t needed() const;

  void gone(LinkSlot link) { entries_.worked(link); }  // the slot may be another friend's next
  void failed(const CircuitPath& path, std::size_t hop);
  void worked(const CircuitPath& path);
  [[nodiscard]] Duration rest_of(const CircuitPath& path) const;
  // 0: none of its hops rests.

 private:
  struct Match {  // an entry of a friend's list that has the address
    LinkSlot link;
    std::uint32_t epoch = 0;
    std::uint16_t place = 0;
  };
  struct Known {
    std::uint64_t changes = 0;
    std::vector<Match> matches;
  };
  struct Failed {
    bool now = false;    // it rests
    bool first = false;  // and failed once only
  };
  static constexpr std::size_t kKnownMost = 4096;
  static constexpr std::size_t kMatchesOfOne = 32;  // of one introducer
  static constexpr std::size_t kMatchesMost = 256;
  static constexpr std::int64_t kHashesPerSecond = 200'000;

  const std::vector<Match>& search(const Address& to);
  std::vector<Match> search_epoch(const Address& to, std::uint32_t epoch) const;
  [[nodiscard]] bool affordable();
  [[nodiscard]] std::optional<Candidate> candidate(const Match& match) const;
  [[nodiscard]] Usable judge(const CircuitPath& path) const;
  [[nodiscard]] Failed rests(const CircuitPath& path) const;
  void dispute(std::vector<Candidate>& all);
  void rank(std::vector<Candidate>& all);

  Commons& commons_;
  std::unordered_map<Address, Known> known_;
  Instant hashes_until_{};  // the time that searches so far have used up
  Rests<LinkSlot> entries_;
  Rests<wire::Handle> hops_;
  Rests<DisjointnessTag> relays_;
  std::set<DisjointnessTag> conflicts_;  // that were counted, of conflicts_epoch_
  std::uint32_t conflicts_epoch_ = 0;
};

}  // namespace covfefe::core
