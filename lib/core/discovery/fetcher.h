// SPDX-License-Identifier: Apache-2.0
// The lists of friends: fetched, kept, remembered (Steps D9 and D10, covfefe-protocol(7)). Two
// lists of at most 512 entries for each friend. Thread: data.
#pragma once

#include <map>

#include "core/discovery/introducer.h"

namespace covfefe::core {

class Fetcher {
 public:
  explicit Fetcher(Commons& commons) : commons_(commons) {}

  void adopt(Introducer& n);
  // A new friend: what was remembered of it is its list.
  void link_up(Introducer& n, Boot boot);
  void link_down(Introducer& n);
  void announced(Introducer& n, const wire::DescriptorsChanged& message);
  void page(Introducer& n, const wire::Descriptors& page);
  void remembered(const Remembered& what);
  void timer();

  [[nodiscard]] bool take_changed() { return std::exchange(changed_, false); }
  // True once after lists became others.

 private:
  void new_epoch();
  void drop_expired(Introducer& n);
  void schedule(Introducer& n, Instant when);
  void start(Introducer& n);
  void ask(Introducer& n);
  void unanswered(Introducer& n);
  void lied(Introducer& n);
  void complete(Introducer& n);
  void keep(Introducer& n, FarList list);
  void clean(const Introducer& n, FarList& list);
  void tell(Introducer& n);
  [[nodiscard]] Instant next(const Introducer& n) const;

  static constexpr std::size_t kWaitingMost = 1024;

  Commons& commons_;
  std::map<FriendId, FarList> waiting_;  // remembered of friends that are not known yet
  std::uint32_t epoch_ = 0;
  Instant expire_at_ = Instant::never();
  bool changed_ = false;
};

}  // namespace covfefe::core
