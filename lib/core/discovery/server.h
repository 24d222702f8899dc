// SPDX-License-Identifier: Apache-2.0
// What this node says of its friends to its friends (Steps D5 to D9, covfefe-protocol(7)): lists,
// their pages, and the handles in them. Thread: data.
#pragma once

#include <optional>

#include "core/discovery/compose.h"
#include "core/discovery/handles.h"
#include "core/discovery/introducer.h"

namespace covfefe::core {

class Server {
 public:
  explicit Server(Commons& commons) : commons_(commons), handles_(commons.random) {}

  void changed();
  // Something that lists are made of: all are made anew, soon.
  void link_up(Introducer& n);
  void link_down(Introducer& n);
  void gone(LinkSlot link) { handles_.forget(link); }
  void get(Introducer& n, const wire::DescriptorsGet& ask);
  void timer();

  [[nodiscard]] std::optional<LinkSlot> next_hop(const wire::Handle& handle, LinkSlot from) const;

 private:
  void answer(Introducer& n);
  void announce(Introducer& n);
  void make_lists();
  void make(Introducer& n);
  [[nodiscard]] std::vector<Branch> branches(const Introducer& asker, std::uint32_t epoch);
  [[nodiscard]] wire::Descriptor describe(const Introducer& n, const Introducer& asker,
                                          std::uint32_t epoch);
  [[nodiscard]] bool showable(const Introducer& n) const;

  // A friend that says something else all the time would keep the others from ever fetching a list
  // of many pages to its end.
  static constexpr Duration kMakeEvery = Duration::seconds(5);
  static constexpr std::int64_t kMakeBurst = 16;

  Commons& commons_;
  Handles handles_;
  Bucket makings_ = Bucket::every(kMakeEvery, kMakeBurst);
  std::uint32_t epoch_ = 0;
  Instant make_at_ = Instant::never();
  Instant linger_until_ = Instant::never();  // a link that went down leaves the lists
};

}  // namespace covfefe::core
