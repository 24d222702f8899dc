// SPDX-License-Identifier: Apache-2.0
// An operator who never rests: adds, changes and removes friends of a running node by the same
// functions as the commands friend add, set and remove, and keeps a journal. One step at a time.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "commands.h"
#include "journal.h"
#include "services.h"

namespace covfefe::nemesis {

inline constexpr std::size_t kSlots = 12;  // friends that come and go, named n0, n1 …

struct Setting {
  std::string root;
  std::string journal;
  std::string cards;  // directory for their cards
  std::uint64_t seed = 1;
};

class Editor {
 public:
  explicit Editor(const Setting& setting);

  void edit();
  // One random change; acknowledged or failed in the journal.
  void read();
  // All friends, with what was last set of each.
  void vouch();
  // Asks the keystore whether it would accept what the database has of each friend.
  void honour();
  // … and whether it would still accept any record that was removed.

 private:
  struct Slot {
    std::string name;
    std::string card;
    bool believed = false;  // that it is a friend now: only guides the choice
  };
  struct Removed {
    std::uint64_t operation = 0;
    FriendRecord record;
  };

  void make_card(Slot& slot);
  std::string choose(const Slot& slot);
  void change(Slot& slot, const std::string& verb);
  void remove(Slot& slot);
  cli::Outcome<std::vector<FriendRecord>> list();
  cli::Outcome<bool> accepts(const FriendRecord& record);
  std::string judged(const FriendRecord& record);

  Setting setting_;
  cli::Common common_;
  Journal journal_;
  std::mt19937_64 random_;
  std::vector<Slot> slots_;
  std::vector<Removed> removed_;
  std::uint64_t next_ = 1;
};

}  // namespace covfefe::nemesis
