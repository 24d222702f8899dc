// SPDX-License-Identifier: Apache-2.0
// Caps of single links: a queue that only one path shows is that path's, so only what goes there is
// held back. A cap follows what the path delivers and goes when the path has more than is wanted.
// Thread: data.
#pragma once

#include <cstdint>
#include <vector>

#include "base/instant.h"
#include "shape/capacity_links.h"
#include "shape/capacity_types.h"

namespace covfefe::shape {

class LinkCaps {
 public:
  explicit LinkCaps(std::uint32_t links);

  void step(const CapacityLinks& links, const LinksView& view, Instant now);
  // Does nothing while the uplink itself has a queue.
  void forget(std::uint32_t link);
  [[nodiscard]] bool take(LinkCap& out);

 private:
  struct Cap {
    std::uint64_t rate = 0;   // 0: none
    std::uint64_t least = 0;  // it does not follow the path below this
    Instant next;             // change of it, so that the last one can be seen
    bool told = true;
  };
  void look(std::uint32_t at, const LinkRecord& link, const LinksView& view, Instant now);
  void set(std::uint32_t at, std::uint64_t rate);

  std::vector<Cap> caps_;
  std::vector<std::uint32_t> changed_;
};

}  // namespace covfefe::shape
