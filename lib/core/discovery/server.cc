// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/server.h"

#include <algorithm>

#include "core/discovery/discovery.h"
#include "core/discovery/tags.h"
#include "crypto/drbg.h"

namespace covfefe::core {
namespace {

constexpr Duration kDamping = Duration::millis(500);
constexpr Duration kLinger = Duration::seconds(60);
constexpr Duration kSendAgain = Duration::millis(50);  // the channel's window was full
constexpr std::size_t kAtOnce = 8;  // lists made in one step, so that packets need not wait

}  // namespace

void Server::changed() {
  for (const auto& n : commons_.friends) {
    if (n) n->served.built = Served::Built::No;
  }
  if (make_at_.is_never()) {
    make_at_ = std::max(commons_.now + kDamping, makings_.ready_at());
    (void)makings_.take(make_at_);
  }
  commons_.wake_at(make_at_);
}

void Server::link_up(Introducer& n) {
  n.served.asked.reset();
  n.served.announce_at = commons_.now;
  commons_.wake_at(commons_.now);
  changed();
}

void Server::link_down(Introducer& n) {
  n.served.asked.reset();
  linger_until_ = std::min(linger_until_, commons_.now + kLinger);
  commons_.wake_at(linger_until_);
}

void Server::timer() {
  if (!commons_.calendar.known()) return;
  const std::uint32_t epoch = commons_.calendar.epoch(commons_.now);
  if (epoch != epoch_) {
    epoch_ = epoch;
    changed();
  }
  if (linger_until_ <= commons_.now) {
    linger_until_ = Instant::never();
    changed();
  }
  if (make_at_ <= commons_.now) make_lists();
  commons_.wake_at(std::min(make_at_, linger_until_));
  for (const auto& n : commons_.friends) {
    if (!n || !n->up) continue;
    if (n->served.asked) answer(*n);
    if (n->served.announce_at <= commons_.now) announce(*n);
  }
}

// ---- making lists -------------------------------------------------------------------------------

void Server::make_lists() {
  make_at_ = Instant::never();
  std::size_t made = 0;
  for (const auto& n : commons_.friends) {
    if (!n || n->served.built == Served::Built::Yes) continue;
    if (made++ == kAtOnce) {
      make_at_ = commons_.now;
      return;
    }
    make(*n);
  }
}

bool Server::showable(const Introducer& n) const {
  return shown(n) != Visibility::Hidden && !n.offer->keys.empty() &&
         (n.up || commons_.now - n.changed_at < kLinger);
}

wire::Descriptor Server::describe(const Introducer& n, const Introducer& asker,
                                  std::uint32_t epoch) {
  wire::Descriptor out;
  out.handle = handles_.issue(n.link, asker.link, epoch);
  out.onion_key = onion_key(n, epoch).value_or(out.onion_key);
  out.tag = disjointness_tag(n.who.static_key, epoch);
  if (shown(n) == Visibility::Reachable) {
    out.service_tag = service_tag(n.who.address, epoch, out.handle);
  }
  out.expiry = wire::expiry_of(epoch);
  out.rate = n.offer->rate;
  out.availability = availability(n, commons_.now);
  return out;
}

std::vector<Branch> Server::branches(const Introducer& asker, std::uint32_t epoch) {
  std::vector<Branch> out;
  if (commons_.config.policy.relaying == Relaying::Refuse) return out;
  for (const auto& n : commons_.friends) {
    if (!n || n->link == asker.link || !showable(*n)) continue;
    Branch& branch = out.emplace_back(Branch{describe(*n, asker, epoch), {}});
    if (const FarList* list = list_of(*n, epoch)) branch.below = list->entries;
  }
  std::ranges::sort(out, {}, [](const Branch& b) { return b.root.handle; });
  return out;
}

void Server::make(Introducer& n) {
  Served& served = n.served;
  const std::uint32_t epoch = epoch_;
  const DisjointnessTag never[] = {disjointness_tag(n.who.static_key, epoch),
                                   disjointness_tag(commons_.config.static_key, epoch)};
  auto entries = compose(branches(n, epoch), never);
  served.built = Served::Built::Yes;
  if (served.generation != 0 && served.epoch == epoch && served.entries == entries) return;
  served.entries = std::move(entries);
  served.epoch = epoch;
  if (served.generation == 0) {
    served.generation = static_cast<std::uint32_t>(commons_.random.next_u64());
  }
  if (++served.generation == 0) ++served.generation;
  served.announce_at = commons_.now;
  commons_.tally.add(Seen::ListsMade);
}

// ---- serving them -------------------------------------------------------------------------------

void Server::announce(Introducer& n) {
  n.served.announce_at = Instant::never();
  if (n.served.generation == 0) return;
  const wire::DescriptorsChanged message{n.served.generation};
  if (commons_.sink.send_control(n.link, {message}, commons_.now)) return;
  n.served.announce_at = commons_.now + kSendAgain;
  commons_.wake_at(n.served.announce_at);
}

void Server::get(Introducer& n, const wire::DescriptorsGet& ask) {
  if (!n.served.pages.take(commons_.now)) return commons_.tally.add(Seen::PagesLimited);
  n.served.asked = ask;
  commons_.wake_at(commons_.now);
}

void Server::answer(Introducer& n) {
  Served& served = n.served;
  if (served.generation == 0) make(n);
  const bool current = served.asked->generation == served.generation;
  const std::size_t from =
      current && served.asked->from < served.entries.size() ? served.asked->from : 0;
  wire::Descriptors page{served.generation,
                         served.epoch,
                         static_cast<std::uint16_t>(served.entries.size()),
                         static_cast<std::uint16_t>(from),
                         {}};
  for (std::size_t i = from; i < served.entries.size() && !page.entries.full(); ++i) {
    page.entries.push_back(served.entries[i]);
  }
  if (!commons_.sink.send_control(n.link, {page}, commons_.now)) {
    return commons_.wake_at(commons_.now + kSendAgain);
  }
  served.asked.reset();
  commons_.tally.add(Seen::PagesServed);
}

std::optional<LinkSlot> Server::next_hop(const wire::Handle& handle, LinkSlot from) const {
  if (!commons_.calendar.known()) return std::nullopt;
  if (commons_.config.policy.relaying == Relaying::Refuse) return std::nullopt;
  const auto named = handles_.find(handle, from);
  if (!named || !commons_.calendar.good(named->epoch, commons_.now)) return std::nullopt;
  const Introducer* n = commons_.at(named->target);
  if (n == nullptr || shown(*n) == Visibility::Hidden) return std::nullopt;
  return named->target;
}

}  // namespace covfefe::core
