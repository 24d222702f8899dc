// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/fetcher.h"

#include <algorithm>

#include "core/discovery/discovery.h"
#include "core/discovery/tags.h"
#include "crypto/drbg.h"

namespace covfefe::core {
namespace {

constexpr Duration kPatience = Duration::seconds(3);
constexpr Duration kPatienceMost = Duration::seconds(60);
constexpr Duration kAfterLie = Duration::seconds(30);
constexpr Duration kUnasked = Duration::seconds(1);    // for an announcement after a link came up
constexpr Duration kSendAgain = Duration::millis(50);  // the channel's window was full
constexpr Duration kTellAfter = Duration::seconds(5);
constexpr Duration kTellEvery = Duration::seconds(30);

}  // namespace

// ---- when to fetch ------------------------------------------------------------------------------

void Fetcher::schedule(Introducer& n, Instant when) {
  n.fetched.fetch_at = std::min(n.fetched.fetch_at, std::max(when, n.fetched.not_before));
  commons_.wake_at(n.fetched.fetch_at);
}

void Fetcher::adopt(Introducer& n) {
  const auto found = waiting_.find(n.who.id);
  if (found == waiting_.end()) return;
  clean(n, found->second);
  keep(n, std::move(found->second));
  waiting_.erase(found);
}

void Fetcher::link_up(Introducer& n, Boot boot) {
  n.fetched.intake.reset();
  n.fetched.ask_at = n.fetched.answer_by = Instant::never();
  if (boot == Boot::New) {
    // The friend counts its lists anew; the one that is here holds until there is another.
    for (FarList& list : n.fetched.lists) list.generation = 0;
  }
  schedule(n, commons_.now + kUnasked);
}

void Fetcher::link_down(Introducer& n) {
  n.fetched.intake.reset();
  n.fetched.ask_at = n.fetched.answer_by = Instant::never();
}

void Fetcher::announced(Introducer& n, const wire::DescriptorsChanged& message) {
  Fetched& f = n.fetched;
  if (!f.announcements.take(commons_.now)) commons_.tally.add(Seen::ChangesLimited);
  if (f.lists[0].generation == message.generation) {
    f.fetch_at = f.lists[0].epoch == epoch_ ? Instant::never() : f.fetch_at;
    return;
  }
  if (f.intake.next().generation == message.generation) return;  // it is on its way
  // In a new epoch the time that was drawn at its beginning holds.
  const bool drawn =
      f.lists[0].epoch + 1 == epoch_ && !f.fetch_at.is_never() && commons_.calendar.known() &&
      commons_.calendar.unix_seconds(commons_.now) % wire::kEpochSeconds < kFetchSpread;
  if (!drawn) schedule(n, std::max(commons_.now, f.fetches.ready_at()));
}

void Fetcher::new_epoch() {
  const std::uint32_t epoch = commons_.calendar.epoch(commons_.now);
  const bool first = epoch_ == 0;
  if (epoch == epoch_) return;
  epoch_ = epoch;
  for (const auto& n : commons_.friends) {
    if (!n || list_of(*n, epoch) != nullptr) continue;
    const auto wait = static_cast<std::int64_t>(commons_.random.next_u64() %
                                                static_cast<std::uint64_t>(kFetchSpread * 1'000));
    schedule(*n, commons_.now + (first ? kUnasked : Duration::millis(wait)));
  }
}

void Fetcher::drop_expired(Introducer& n) {
  for (FarList& list : n.fetched.lists) {
    if (list.epoch == 0 || commons_.calendar.good(list.epoch, commons_.now)) continue;
    list = {};
    changed_ = true;
  }
  if (n.fetched.lists[0].epoch == 0) std::swap(n.fetched.lists[0], n.fetched.lists[1]);
}

void Fetcher::timer() {
  if (!commons_.calendar.known()) return;
  new_epoch();
  if (expire_at_.is_never() || expire_at_ <= commons_.now) {
    for (const auto& n : commons_.friends) {
      if (n) drop_expired(*n);
    }
    ++commons_.changes;  // another epoch may have settled
    expire_at_ = commons_.calendar.next_change(commons_.now);
  }
  commons_.wake_at(expire_at_);
  for (const auto& n : commons_.friends) {
    if (!n) continue;
    if (n->fetched.tell_at <= commons_.now) tell(*n);
    if (n->up) {
      if (n->fetched.answer_by <= commons_.now) unanswered(*n);
      if (n->fetched.fetch_at <= commons_.now) start(*n);
      if (n->fetched.ask_at <= commons_.now) ask(*n);
    }
    commons_.wake_at(next(*n));
  }
}

Instant Fetcher::next(const Introducer& n) const {
  const Fetched& f = n.fetched;
  return n.up ? std::min({f.tell_at, f.answer_by, f.fetch_at, f.ask_at}) : f.tell_at;
}

// ---- a fetch ------------------------------------------------------------------------------------

void Fetcher::start(Introducer& n) {
  Fetched& f = n.fetched;
  if (!f.fetches.take(commons_.now)) {
    f.fetch_at = f.fetches.ready_at();
    return;
  }
  f.fetch_at = Instant::never();
  f.answer_by = Instant::never();
  f.intake.reset();
  f.patience = kPatience;
  f.ask_at = commons_.now;
}

void Fetcher::ask(Introducer& n) {
  Fetched& f = n.fetched;
  if (!commons_.sink.send_control(n.link, {f.intake.next()}, commons_.now)) {
    f.ask_at = commons_.now + kSendAgain;
    return;
  }
  f.ask_at = Instant::never();
  f.answer_by = commons_.now + f.patience;
}

void Fetcher::unanswered(Introducer& n) {
  commons_.tally.add(Seen::ListsUnanswered);
  n.fetched.answer_by = Instant::never();
  n.fetched.patience = std::min(n.fetched.patience * 2, kPatienceMost);
  n.fetched.ask_at = commons_.now;
}

void Fetcher::page(Introducer& n, const wire::Descriptors& page) {
  Fetched& f = n.fetched;
  commons_.tally.add(Seen::PagesReceived);
  if (f.answer_by.is_never()) return commons_.tally.add(Seen::PagesStray);
  if (!commons_.calendar.good(page.epoch, commons_.now)) {
    commons_.tally.add(Seen::ListsEpoch);
    return lied(n);
  }
  switch (f.intake.page(page)) {
    case Intake::Verdict::Stray:
      return commons_.tally.add(Seen::PagesStray);
    case Intake::Verdict::Lied:
      commons_.tally.add(Seen::ListsLied);
      return lied(n);
    case Intake::Verdict::More:
      f.answer_by = Instant::never();
      f.patience = kPatience;
      f.ask_at = commons_.now;
      return commons_.wake_at(f.ask_at);
    case Intake::Verdict::Complete:
      return complete(n);
  }
}

void Fetcher::lied(Introducer& n) {
  n.fetched.intake.reset();
  n.fetched.answer_by = Instant::never();
  n.fetched.not_before = commons_.now + kAfterLie;
  n.fetched.fetch_at = Instant::never();
  schedule(n, n.fetched.not_before);
}

void Fetcher::complete(Introducer& n) {
  Fetched& f = n.fetched;
  f.answer_by = Instant::never();
  FarList list = f.intake.take();
  commons_.tally.add(Seen::ListsFetched);
  clean(n, list);
  keep(n, std::move(list));
}

// ---- lists that are here ------------------------------------------------------------------------

void Fetcher::clean(const Introducer& n, FarList& list) {
  const DisjointnessTag never[] = {disjointness_tag(n.who.static_key, list.epoch),
                                   disjointness_tag(commons_.config.static_key, list.epoch)};
  const std::size_t before = list.entries.size();
  list.entries = without_loops(list.entries, never);
  commons_.tally.add(Seen::EntriesLooped, before - list.entries.size());
}

void Fetcher::keep(Introducer& n, FarList list) {
  auto& lists = n.fetched.lists;
  std::size_t place = list.epoch < lists[0].epoch ? 1 : 0;
  if (list.epoch > lists[0].epoch) lists[1] = std::exchange(lists[0], {});
  const bool same = lists[place].epoch == list.epoch && lists[place].entries == list.entries;
  const bool fresh = list.generation != 0;
  lists[place] = std::move(list);
  if (same) return;
  changed_ = true;
  ++commons_.changes;
  if (place != 0 || !fresh) return;
  // A list of a friend that has just come up grows for some seconds.
  const Instant soon = commons_.now + kTellAfter;
  const Instant earliest = n.fetched.told_at ? *n.fetched.told_at + kTellEvery : soon;
  n.fetched.tell_at = std::min(n.fetched.tell_at, std::max(soon, earliest));
  commons_.wake_at(n.fetched.tell_at);
}

void Fetcher::tell(Introducer& n) {
  n.fetched.tell_at = Instant::never();
  n.fetched.told_at = commons_.now;
  const FarList& newest = n.fetched.lists[0];
  if (newest.epoch == 0) return;
  commons_.effects->tell(
      Catalogue{n.who.id, newest.epoch, wire::write_descriptors(newest.entries)});
}

void Fetcher::remembered(const Remembered& what) {
  for (const Catalogue& catalogue : what.catalogues) {
    auto entries = wire::parse_descriptors(catalogue.descriptors);
    const bool good = entries.ok() && catalogue.epoch != 0 &&
                      (entries->empty() || wire::epoch_of(entries->front()) == catalogue.epoch);
    Introducer* n = commons_.find(catalogue.introducer);
    if (!good || (n == nullptr && waiting_.size() >= kWaitingMost)) {
      commons_.tally.add(Seen::RememberedBad);
      continue;
    }
    commons_.tally.add(Seen::Remembered);
    FarList list{0, catalogue.epoch, std::move(*entries)};
    if (n == nullptr) {
      waiting_.insert_or_assign(catalogue.introducer, std::move(list));
    } else if (list_of(*n, list.epoch) == nullptr) {
      clean(*n, list);
      keep(*n, std::move(list));
    }
  }
}

}  // namespace covfefe::core
