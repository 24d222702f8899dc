// SPDX-License-Identifier: Apache-2.0
// The verbs that show friends: from the database, with the router's live view where it answers.
#include <algorithm>
#include <cstdio>

#include "base/hex.h"
#include "circuit_text.h"
#include "commands.h"
#include "crypto/address.h"
#include "history_text.h"
#include "json.h"
#include "layout.h"
#include "os/clock.h"
#include "quantity.h"
#include "services.h"
#include "trust/level.h"
#include "visibility_text.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

constexpr std::int64_t kDay = 24 * 3600;

struct Totals {
  std::uint64_t rx = 0;
  std::uint64_t tx = 0;
  std::uint64_t seconds = 0;
  std::uint64_t up = 0;
  std::uint64_t link_faults = 0;
  std::uint64_t onion_faults = 0;
  std::uint64_t circuits_destroyed = 0;
  std::uint64_t relayed_cells = 0;
};

Totals sum(const std::vector<MetricSample>& samples) {
  Totals out;
  for (const MetricSample& sample : samples) {
    out.rx += sample.rx_bytes;
    out.tx += sample.tx_bytes;
    out.seconds += sample.seconds;
    out.up += sample.up_seconds;
    out.link_faults += sample.link_faults;
    out.onion_faults += sample.onion_faults;
    out.circuits_destroyed += sample.circuits_destroyed;
    out.relayed_cells += sample.relayed_cells;
  }
  return out;
}

Json endpoints_json(const FriendRecord& record) {
  Json out = Json::array();
  for (const Endpoint& endpoint : record.endpoints) out.add(format_endpoint(endpoint));
  return out;
}

Json record_json(const FriendRecord& record) {
  return Json::object()
      .set("name", record.petname)
      .set("address", format_address(record.address))
      .set("trust", trust::name_of(record.trust))
      .set("visibility", name_of(record.visibility))
      .set("fingerprint", crypto::fingerprint(record.identity_key))
      .set("identity_key", to_hex(record.identity_key))
      .set("endpoints", endpoints_json(record))
      .set("added_at", record.added_at);
}

Outcome<std::vector<FriendRecord>> all_friends(const Layout& layout) {
  auto peerdb = Connection::open(layout, "peerdb");
  if (!peerdb) return peerdb.error();
  return friends(*peerdb);
}

// The router's own word, where it answers.
Outcome<FriendView> live_view(const Layout& layout, FriendId id) {
  auto router = Connection::open(layout, "router");
  if (!router) return router.error();
  const auto status = router_status(*router);
  if (!status) return status.error();
  for (const FriendView& one : status->friends) {
    if (one.id == id) return one;
  }
  return Problem{"the router has not read this friend yet", ""};
}

void print_record(const FriendRecord& record) {
  std::printf("name         %s\ntrust        %s\nvisibility   %s: %s\n", record.petname.c_str(),
              trust::name_of(record.trust), name_of(record.visibility),
              meaning_of(record.visibility));
  std::printf("address      %s\nfingerprint  %s\n", format_address(record.address).c_str(),
              crypto::fingerprint(record.identity_key).c_str());
  for (const Endpoint& endpoint : record.endpoints) {
    std::printf("endpoint     %s\n", format_endpoint(endpoint).c_str());
  }
}

void print_live(const Outcome<FriendView>& live) {
  if (!live) {
    std::printf("now          not known: %s\n", live.error().what.c_str());
    return;
  }
  std::printf("now          %s, round trip %s%s%s\n", live->state.c_str(),
              rtt_text(live->rtt_ms).c_str(), live->path.empty() ? "" : ", ", live->path.c_str());
  std::printf("  relayed    %s of this friend's through this node now; %s,\n",
              count_text(live->relayed.circuits, "circuit").c_str(),
              count_text(live->relayed.cells, "cell").c_str());
  std::printf("             %s asked for, %llu refused\n",
              count_text(live->relayed.builds, "build").c_str(), wide(live->relayed.refused));
  std::printf("  link       %s: what only this friend or the line can have spoilt\n",
              count_text(live->link_faults, "fault").c_str());
  std::printf("  onion      %s: spoilt anywhere on the way of a circuit over this link;\n",
              count_text(live->onion_faults, "fault").c_str());
  std::printf("             %s ended for that\n",
              count_text(live->circuits_destroyed, "circuit").c_str());
}

void print_day(const Totals& day) {
  std::printf("last 24 h    %s in, %s out, up %llu of %llu s measured\n",
              bytes_text(day.rx).c_str(), bytes_text(day.tx).c_str(), wide(day.up),
              wide(day.seconds));
  std::printf("             %s, %s, %s ended,\n", count_text(day.link_faults, "link fault").c_str(),
              count_text(day.onion_faults, "onion fault").c_str(),
              count_text(day.circuits_destroyed, "circuit").c_str());
  std::printf("             %s of others relayed\n", count_text(day.relayed_cells, "cell").c_str());
}

Json live_json(const Outcome<FriendView>& live) {
  if (!live) return {};
  return Json::object()
      .set("state", live->state)
      .set("path", live->path)
      .set("rtt_ms", live->rtt_ms == 0 ? Json() : Json(live->rtt_ms))
      .set("link_faults", live->link_faults)
      .set("onion_faults", live->onion_faults)
      .set("circuits_destroyed", live->circuits_destroyed)
      .set("relayed", relayed_json(live->relayed));
}

Json day_json(const Totals& day) {
  return Json::object()
      .set("rx_bytes", day.rx)
      .set("tx_bytes", day.tx)
      .set("measured_s", day.seconds)
      .set("up_s", day.up)
      .set("link_faults", day.link_faults)
      .set("onion_faults", day.onion_faults)
      .set("circuits_destroyed", day.circuits_destroyed)
      .set("relayed_cells", day.relayed_cells);
}

struct Stored {
  FriendRecord record;
  Totals day;
  std::vector<PromiseTally> promises;
};

Outcome<std::vector<PromiseTally>> promises_of(Connection& peerdb, FriendId id) {
  auto all = tallies(peerdb);
  if (all) std::erase_if(*all, [id](const PromiseTally& one) { return one.id != id; });
  return all;
}

void print_promises(const std::vector<PromiseTally>& promises) {
  constexpr std::size_t kIndent = 13;
  std::printf("kept         %s\n", wrapped(tallies_text(promises), kIndent).c_str());
}

Outcome<Stored> stored(const Layout& layout, const std::string& petname) {
  auto peerdb = Connection::open(layout, "peerdb");
  if (!peerdb) return peerdb.error();
  const auto all = friends(*peerdb);
  if (!all) return all.error();
  const auto it = std::find_if(all->begin(), all->end(), [&](const FriendRecord& record) {
    return record.petname == petname;
  });
  if (it == all->end()) return Problem{"no friend is called " + petname, "covfefe friend list"};
  const auto samples = metrics(*peerdb, it->id, os::wall_now().unix_seconds() - kDay);
  if (!samples) return samples.error();
  const auto promises = promises_of(*peerdb, it->id);
  if (!promises) return promises.error();
  return Stored{*it, sum(*samples), *promises};
}

}  // namespace

int friend_list(const Common& common) {
  const auto all = all_friends(Layout(common.root));
  if (!all) return report(all.error(), common);
  if (common.json) {
    Json list = Json::array();
    for (const FriendRecord& record : *all) list.add(record_json(record));
    const Json json = Json::document("friend-list").set("friends", std::move(list));
    std::fputs(json.text().c_str(), stdout);
    return kDone;
  }
  if (all->empty()) std::printf("no friends yet: exchange cards, then covfefe friend add\n");
  for (const FriendRecord& record : *all) {
    std::printf("%-16s %-10s %-10s %s\n", record.petname.c_str(), trust::name_of(record.trust),
                name_of(record.visibility), format_address(record.address).c_str());
  }
  return kDone;
}

int friend_show(const Common& common, const FriendOptions& options) {
  const Layout layout(common.root);
  const auto found = stored(layout, options.who);
  if (!found) return report(found.error(), common);
  const auto live = live_view(layout, found->record.id);
  if (common.json) {
    const Json json = Json::document("friend-show")
                          .set("friend", record_json(found->record))
                          .set("now", live_json(live))
                          .set("last_24h", day_json(found->day))
                          .set("promises", tallies_json(found->promises));
    std::fputs(json.text().c_str(), stdout);
    return kDone;
  }
  print_record(found->record);
  print_live(live);
  print_day(found->day);
  print_promises(found->promises);
  return kDone;
}

}  // namespace covfefe::cli
