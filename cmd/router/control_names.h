// SPDX-License-Identifier: Apache-2.0
// Whom an operator's text names: a friend by petname, anybody by overlay address, and NAME.FRIEND,
// which the friend itself is asked for. Thread: control.
#pragma once

#include <optional>
#include <string>

#include "control_peerdb.h"
#include "questions.h"

namespace covfefe::router {

struct Named {
  std::optional<Address> address;
  std::string petname;  // if it is a friend
  std::string why;      // without an address: one sentence
  std::string next;     // the next step; with an address, where to look if it is not reached
};

class OperatorNames {
 public:
  OperatorNames(const PeerdbEdge& peerdb, Questions& questions)
      : peerdb_(peerdb), questions_(questions) {}
  // Both are borrowed and outlive this.

  [[nodiscard]] kj::Promise<kj::Own<Named>> look_up(const std::string& text) const;
  // The text is the operator's and may be anything. Fails only as Questions do.
  [[nodiscard]] std::string petname_of(const Address& address) const;
  // Empty: no friend has it.

 private:
  [[nodiscard]] const FriendRecord* friend_called(std::string_view petname) const;
  [[nodiscard]] kj::Promise<kj::Own<Named>> ask_friend(const std::string& name,
                                                       const std::string& introducer) const;

  const PeerdbEdge& peerdb_;
  Questions& questions_;
};

}  // namespace covfefe::router
