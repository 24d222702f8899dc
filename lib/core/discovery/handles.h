// SPDX-License-Identifier: Apache-2.0
// The handles that this node made: whom each names, to whom (Step D5, covfefe-protocol(7)). At most
// two epochs of (friends × friends). Thread: data.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "core/discovery/path.h"

namespace covfefe::crypto {
class Drbg;  // crypto/drbg.h
}

namespace covfefe::core {

class Handles {
 public:
  explicit Handles(crypto::Drbg& random) : random_(random) {}

  wire::Handle issue(LinkSlot target, LinkSlot asker, std::uint32_t epoch);
  // The same for the same three.

  struct Named {
    LinkSlot target;
    std::uint32_t epoch = 0;
  };
  [[nodiscard]] std::optional<Named> find(const wire::Handle& handle, LinkSlot asker) const;

  void forget(LinkSlot link);
  // As target and as asker: the slot may be another friend's next.

 private:
  struct Book {
    std::uint32_t epoch = 0;
    std::map<LinkSlot, wire::Handle> by_target;
    std::map<wire::Handle, LinkSlot> by_handle;
  };
  Book& book(LinkSlot asker, std::uint32_t epoch);

  crypto::Drbg& random_;
  std::vector<std::array<Book, 2>> books_;  // by asker; of two epochs, the one used last first
};

}  // namespace covfefe::core
