// SPDX-License-Identifier: Apache-2.0
// NAME.FRIEND: the address of a friend's friend (Step D12, covfefe-protocol(7)). Thread: data.
#pragma once

#include <vector>

#include "core/discovery/introducer.h"

namespace covfefe::core {

class Names {
 public:
  explicit Names(Commons& commons) : commons_(commons) {}

  void ask(RequestId request, const NameQuery& query);
  void asked(Introducer& n, const wire::NameAsk& message);
  void answered(const Introducer& n, const wire::NameAnswer& message);
  void link_down(LinkSlot link);
  void timer();

 private:
  struct Waiting {
    RequestId request;
    LinkSlot link;
    std::uint32_t token = 0;
    Instant until;
  };
  static constexpr std::size_t kWaitingMost = 64;

  void tell(RequestId request, NameReport report);
  [[nodiscard]] std::optional<Address> address_of(const std::string& name,
                                                  const Introducer& asker) const;

  Commons& commons_;
  std::vector<Waiting> waiting_;
};

}  // namespace covfefe::core
