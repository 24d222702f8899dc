// SPDX-License-Identifier: Apache-2.0
// What the control thread keeps: the configuration, the links there are, the ledger of what is
// promised, what the uplink carries; and what of it the data thread has been told. Every change
// ends as one value in the data thread's mailbox that names only what differs. Time is a parameter.
// Thread: control.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/records.h"
#include "base/result.h"
#include "config/config.h"
#include "mail.h"
#include "shape/ledger.h"
#include "shape/plan.h"

namespace covfefe::shaper {

[[nodiscard]] Uplink uplink_of(const config::Config& config);
[[nodiscard]] shape::Policy policy_of(const config::Config& config);

struct Revocation {
  std::uint32_t lease = 0;
  LeaseRefusal why = LeaseRefusal::Capacity;
};

class Books {
 public:
  Books(config::Config config, std::uint32_t first_lease, DataMailbox& to_data);
  // The data thread starts with uplink_of(config); everything else it learns from flush().

  // ---- the router

  void place(std::vector<PlacedLink> links, Instant now);
  // All there are, no two of one friend or slot.
  [[nodiscard]] shape::Ledger::Answer take(const LeaseTerms& terms, Instant now);
  [[nodiscard]] shape::Ledger::Answer extend(FriendId principal, std::uint32_t id, Duration by,
                                             Instant now);
  [[nodiscard]] shape::Ledger::Answer release(FriendId principal, std::uint32_t id, Instant now);
  [[nodiscard]] std::vector<std::uint32_t> restore(std::span<const Lease> leases, Instant now);
  // Those that hold, of the given ones.
  void recall(std::uint64_t low_water);

  // ---- the operator

  [[nodiscard]] Expected<std::vector<std::string>, std::string> apply(std::string_view text,
                                                                      Instant now);
  // The keys that changed and hold now; or one sentence, and nothing changed.

  // ---- the data thread and time

  void heard(const CapacityNews& news, Instant now);
  [[nodiscard]] Instant next_change() const { return ledger_.next_change(); }
  void expire(Instant now);
  // At next_change().
  [[nodiscard]] bool flush(Instant now);
  // Hands over what changed since. False: the mailbox is full, try again a little later.
  [[nodiscard]] std::vector<Revocation> take_revoked();

  // ---- what is to be seen

  [[nodiscard]] const config::Config& config() const { return config_; }
  [[nodiscard]] const shape::Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const shape::Plan& plan() const { return plan_; }
  [[nodiscard]] const std::vector<PlacedLink>& links() const { return links_; }
  [[nodiscard]] shape::Uplink uplink(Instant now) const;
  [[nodiscard]] std::map<FriendId, shape::LeaseSums> leased(Instant now) const;
  // By link, in force; links without a lease are absent.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] std::uint64_t revoked() const { return revoked_; }
  [[nodiscard]] std::uint64_t granted() const { return granted_; }

 private:
  void replan(Instant now);
  void note(const shape::Ledger::Revoked& ids, LeaseRefusal why);
  [[nodiscard]] shape::Ledger::Answer count(shape::Ledger::Answer answer);
  [[nodiscard]] Changes difference(Instant now) const;
  void add_links(Changes& out, Instant now) const;
  void remember(const Changes& changes);

  config::Config config_;
  DataMailbox& to_data_;
  shape::Ledger ledger_;
  std::vector<PlacedLink> links_;
  CapacityNews capacity_;
  shape::Plan plan_;
  std::vector<Revocation> gone_;
  std::uint64_t refused_ = 0;
  std::uint64_t revoked_ = 0;
  std::uint64_t granted_ = 0;
  bool dirty_ = true;

  struct ToldLink {
    FriendId owner;
    LinkSetting setting;
  };
  struct Told {  // what the data thread knows
    Uplink uplink;
    std::uint64_t control = 0;
    std::array<LevelSetting, shape::kLevels> levels;
    std::map<std::uint32_t, ToldLink> links;  // by slot
    std::uint64_t promised = 0;
  };
  Told told_;
  std::optional<std::uint64_t> recall_;
};

}  // namespace covfefe::shaper
