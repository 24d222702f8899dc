// SPDX-License-Identifier: Apache-2.0
// Leases of this node's uplink for friends (Steps P2 to P8, covfefe-protocol(7)): what a friend
// asks is asked of the shaper's ledger, and its answer is the friend's. Thread: data.
#pragma once

#include "core/promise/accord.h"

namespace covfefe::core {

class Lender {
 public:
  explicit Lender(Accord& accord) : accord_(accord) {}

  void on(Party& party, const wire::Need& need);
  void on(Party& party, const wire::Extend& extend);
  void on(Party& party, const wire::Release& release);

  bool answered(Party& party, const ShaperReply& reply);
  // False: no lease of the friend waits for it.
  bool revoked(Party& party, std::uint32_t lease);
  // False: it is none of the friend's.
  bool take_back(Party& party, std::uint32_t id);
  // By the operator. False: there is none of that id.
  bool adopt(Party& party, const Lease& lease);
  // Of an earlier run of the router. False: one more than the friend may hold, or known otherwise.

  void repeat(Party& party);  // to a router that restarted
  void timer(Party& party);
  void gone(Party& party);

 private:
  using Found = std::vector<Given>::iterator;
  [[nodiscard]] static Found find(Party& party, std::uint32_t number);
  void acknowledge(Party& party, const Given& given);
  void refuse(Party& party, std::uint32_t number, wire::NakReason why);
  void refuse(Party& party, const Given& given, const LeaseDenied& denied);
  Found drop(Party& party, Found given);
  void held(Party& party, Given& given, const LeaseGrant& grant);
  [[nodiscard]] std::uint32_t payload_of(const Party& party, const Given& given,
                                         std::uint32_t wire) const;

  Accord& accord_;
};

}  // namespace covfefe::core
