// SPDX-License-Identifier: Apache-2.0
#include "core/promise/promises.h"

#include "core/promise/words.h"

namespace covfefe::core {

namespace {

constexpr std::size_t kStraysMost = 4'096;  // as many as a ledger holds

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

// The record of a lease that one of the two has from this node's shaper.
LeaseGrant* held(Party& party, std::uint32_t lease) {
  for (Given& one : party.given) {
    if (one.grant.lease == lease) return &one.grant;
  }
  for (Borrowed& one : party.taken) {
    if (one.own.lease == lease) return &one.own;
  }
  return nullptr;
}

}  // namespace

void Promises::begin(Instant now, Effects& effects) {
  accord_.now = now;
  accord_.effects = &effects;
  accord_.desk.begin(now, effects);
  borrower_.timer();
}

void Promises::end() {
  // What a timer does may be due at once, but not for ever.
  for (int round = 0; round < 3 && next_deadline() <= accord_.now; ++round) timer();
  accord_.effects = nullptr;
}

Instant Promises::next_deadline() const {
  return std::min(accord_.due, accord_.desk.next_deadline());
}

void Promises::timer() {
  accord_.due = Instant::never();
  accord_.desk.timer();
  borrower_.timer();
  intents_.timer();
  for (Party& party : accord_.parties) {
    if (party.id.value == 0) continue;
    lender_.timer(party);
    borrower_.timer(party);
    listener_.timer(party);
    intents_.timer(party);
    accord_.measure(party);
    if (!party.up()) continue;
    party.out.pump(accord_.sink, party.link, accord_.now);
    accord_.wake(party.out.deadline());
  }
}

// ---- the shaper ---------------------------------------------------------------------------------

bool Promises::shaper_reply(const ShaperReply& reply) {
  const LedgerDesk::Reply told = accord_.desk.answered(reply);
  if (told.whose != LedgerDesk::Reply::For::Asker)
    return told.whose == LedgerDesk::Reply::For::Done;
  Party* party = accord_.at(told.asker.link);
  if (party != nullptr && (lender_.answered(*party, reply) || borrower_.answered(*party, reply))) {
    return true;
  }
  if (const auto* grant = std::get_if<LeaseGrant>(&reply.answer)) {
    // Nobody waits for an extension that comes late, but what was promised before still holds.
    LeaseGrant* const extended = party == nullptr ? nullptr : held(*party, grant->lease);
    if (extended == nullptr) {
      accord_.desk.release(told.asker.principal, *grant);
    } else {
      *extended = *grant;
      accord_.wake(grant->until);
    }
  }
  return true;
}

void Promises::leases_known(const LeasesKnown& leases) {
  for (const Lease& lease : leases.all) {
    if (lease.terms.tag != 0 && lease.grant.until > accord_.now) adopt(lease);
  }
}

void Promises::adopt(const Lease& lease) {
  const FriendId id = lease.terms.over.empty() ? FriendId{} : lease.terms.over[0];
  Party* party = accord_.of(id);
  if (party == nullptr && id.value != 0 && strays_.size() < kStraysMost) {
    strays_.push_back(lease);
    return;
  }
  const bool own = lease.terms.principal.value == 0;
  const bool taken =
      party != nullptr &&
      (own ? borrower_.adopt(lease) : lease.terms.principal == id && lender_.adopt(*party, lease));
  if (!taken) accord_.desk.release(lease.terms.principal, lease.grant);
}

bool Promises::lease_revoked(const LeaseRevoked& lease) {
  std::erase_if(strays_, [&](const Lease& one) { return one.grant.lease == lease.lease; });
  return std::ranges::any_of(accord_.parties, [&](Party& party) {
    return lender_.revoked(party, lease.lease) || borrower_.revoked(party, lease.lease);
  });
}

// ---- links --------------------------------------------------------------------------------------

void Promises::on_friend(LinkSlot link, const Friend& who) {
  while (accord_.parties.size() <= link.value) accord_.parties.emplace_back();
  Party& party = accord_.parties[link.value];
  if (party.id.value != 0 && (party.id != who.id || party.address != who.address)) {
    on_link_gone(link);
  }
  if (party.id.value == 0) party = Party{};
  party.link = link;
  party.id = who.id;
  party.address = who.address;
  party.petname = who.petname;
  std::vector<Lease> waiting;
  std::swap(waiting, strays_);
  for (const Lease& lease : waiting) adopt(lease);
}

bool Promises::on_control(LinkSlot link, const wire::Control& message, Instant now) {
  accord_.now = now;
  Party* party = accord_.at(link);
  if (party == nullptr) return false;
  return std::visit(
      Overloaded{[&](const wire::Need& m) { return lender_.on(*party, m), true; },
                 [&](const wire::Extend& m) { return lender_.on(*party, m), true; },
                 [&](const wire::Release& m) { return lender_.on(*party, m), true; },
                 [&](const wire::Ack& m) {
                   if (!intents_.on(*party, m)) borrower_.on(*party, m);
                   return true;
                 },
                 [&](const wire::Nak& m) {
                   if (!intents_.on(*party, m)) borrower_.on(*party, m);
                   return true;
                 },
                 [&](const wire::OnlineUntil& m) { return listener_.on(*party, m), true; },
                 [&](const wire::Leaving& m) { return listener_.on(*party, m), true; },
                 [&](const wire::Please& m) { return intents_.on(*party, m), true; },
                 [](const auto&) { return false; }},
      message.message);
}

void Promises::on_link_up(LinkSlot link, Boot boot, Instant now) {
  accord_.now = now;
  Party* party = accord_.at(link);
  if (party == nullptr) return;
  party->is = Party::Is::Up;
  if (boot == Boot::New) {
    party->out.clear();  // it was meant for a router that is gone
    lender_.repeat(*party);
  }
  borrower_.up(*party, boot);
  listener_.up(*party);
  intents_.up(*party, boot);
  accord_.wake(now);
}

void Promises::on_link_down(LinkSlot link, Instant now) {
  accord_.now = now;
  Party* party = accord_.at(link);
  if (party == nullptr) return;
  party->is = Party::Is::Down;
  borrower_.down(*party);
  listener_.down(*party);
  intents_.down(*party);
}

void Promises::on_link_gone(LinkSlot link) {
  Party* party = accord_.at(link);
  if (party == nullptr) return;
  lender_.gone(*party);
  borrower_.gone(*party);
  listener_.gone(*party);
  intents_.gone(*party);
  *party = Party{};
}

// ---- the operator -------------------------------------------------------------------------------

void Promises::ask(RequestId request, const ReserveQuery& query) {
  if (Party* party = accord_.of(query.peer)) borrower_.reserve(*party, request, query);
}

bool Promises::ask(RequestId request, const ExtendQuery& query) {
  const auto named = accord_.names.find(query.id);
  Party* party = named == accord_.names.end() ? nullptr : accord_.at(named->second);
  return party != nullptr && borrower_.extend(*party, request, query);
}

bool Promises::ask(RequestId request, const ReleaseQuery& query) {
  const auto named = accord_.names.find(query.id);
  Party* party = named == accord_.names.end() ? nullptr : accord_.at(named->second);
  if (party == nullptr) return false;
  if (borrower_.release(*party, request, query.id)) return true;
  if (!lender_.take_back(*party, query.id)) return false;
  accord_.answer(request, PromiseDone{true, "Taken back; " + party->petname + " is told.", "", {}});
  return true;
}

void Promises::ask(RequestId request, const IntendQuery& query) {
  intents_.intend(request, query);
}

void Promises::ask(RequestId request, const PleaseQuery& query) {
  if (Party* party = accord_.of(query.friend_id)) return intents_.please(*party, request, query);
  accord_.answer(request,
                 PromiseDone{false, "There is no such friend.", "See covfefe status.", {}});
}

void Promises::ask(RequestId request, const AnswerQuery& query) {
  if (Party* party = accord_.of(query.friend_id)) return intents_.answer(*party, request, query);
  accord_.answer(request,
                 PromiseDone{false, "There is no such friend.", "See covfefe status.", {}});
}

}  // namespace covfefe::core
