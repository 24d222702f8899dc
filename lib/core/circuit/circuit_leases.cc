// SPDX-License-Identifier: Apache-2.0
// What circuits have to do with the shaper's ledger, and with friends that leave.
#include "core/circuit/circuits.h"
#include "core/promise/ids.h"

namespace covfefe::core {

bool Circuits::owns_promise(std::uint32_t id) {
  return is_in(kCircuitPromises, id);
}

bool Circuits::shaper_reply(const ShaperReply& reply) {
  const LeaseDesk::Came came = builds_.leases().came(reply);
  if (came == LeaseDesk::Came::NotOurs) return false;
  if (came == LeaseDesk::Came::Waited && !builds_.shaper_reply(reply)) {
    (void)remote_.reservations().reply(reply);
  }
  return true;
}

void Circuits::leases_known(const LeasesKnown& known) {
  for (const Lease& one : known.all) {
    const bool circuit = one.terms.tag == 0;
    if (!circuit || one.grant.lease == 0 || builds_.holds(one.grant.lease)) continue;
    if (remote_.reservations().holds(one.grant.lease)) continue;
    builds_.leases().release(one.terms.principal, one.grant.lease);
  }
}

bool Circuits::lease_revoked(const LeaseRevoked& what) {
  if (remote_.reservations().revoked(what.lease)) return true;
  const bool held = builds_.holds(what.lease);
  builds_.lease_revoked(what.lease);
  return held;
}

void Circuits::leases(std::vector<PromiseReport>& out) const {
  remote_.reservations().report(out);
}

void Circuits::ask(RequestId request, const ReserveQuery& query) {
  remote_.reservations().reserve(request, query, remote_.peer_for(query.peer));
}

void Circuits::ask(RequestId request, const ExtendQuery& query) {
  remote_.reservations().extend(request, query);
}

void Circuits::ask(RequestId request, const ReleaseQuery& query) {
  tell(request, remote_.reservations().release(query));
}

void Circuits::on_leaving(LinkSlot link, Instant at) {
  remote_.leaves(link, at);
}

void Circuits::on_stays(LinkSlot link) {
  remote_.stays(link);
}

}  // namespace covfefe::core
