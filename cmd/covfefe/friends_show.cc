// SPDX-License-Identifier: Apache-2.0
// The verbs that show friends: from the database, with the router's live view where it answers.
#include <algorithm>
#include <cstdio>

#include "base/hex.h"
#include "commands.h"
#include "crypto/address.h"
#include "json.h"
#include "layout.h"
#include "os/clock.h"
#include "services.h"
#include "trust/level.h"

namespace covfefe::cli {
namespace {

constexpr std::int64_t kDay = 24 * 3600;

struct Totals {
  std::uint64_t rx = 0;
  std::uint64_t tx = 0;
  std::uint64_t seconds = 0;
  std::uint64_t up = 0;
};

Totals sum(const std::vector<MetricSample>& samples) {
  Totals out;
  for (const MetricSample& sample : samples) {
    out.rx += sample.rx_bytes;
    out.tx += sample.tx_bytes;
    out.seconds += sample.seconds;
    out.up += sample.up_seconds;
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

void print_record(const FriendRecord& record, const Totals& day) {
  std::printf("name         %s\ntrust        %s\naddress      %s\nfingerprint  %s\n",
              record.petname.c_str(), trust::name_of(record.trust),
              format_address(record.address).c_str(),
              crypto::fingerprint(record.identity_key).c_str());
  for (const Endpoint& endpoint : record.endpoints) {
    std::printf("endpoint     %s\n", format_endpoint(endpoint).c_str());
  }
  std::printf("last 24 h    %llu B in, %llu B out, up %llu of %llu s measured\n",
              static_cast<unsigned long long>(day.rx), static_cast<unsigned long long>(day.tx),
              static_cast<unsigned long long>(day.up),
              static_cast<unsigned long long>(day.seconds));
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
    std::printf("%-20s %-11s %s\n", record.petname.c_str(), trust::name_of(record.trust),
                format_address(record.address).c_str());
  }
  return kDone;
}

int friend_show(const Common& common, const FriendOptions& options) {
  const Layout layout(common.root);
  auto peerdb = Connection::open(layout, "peerdb");
  if (!peerdb) return report(peerdb.error(), common);
  const auto all = friends(*peerdb);
  if (!all) return report(all.error(), common);
  const auto it = std::find_if(all->begin(), all->end(), [&](const FriendRecord& record) {
    return record.petname == options.who;
  });
  if (it == all->end()) {
    return report({"no friend is called " + options.who, "covfefe friend list"}, common);
  }
  const auto samples = metrics(*peerdb, it->id, os::wall_now().unix_seconds() - kDay);
  if (!samples) return report(samples.error(), common);
  const Totals day = sum(*samples);
  if (!common.json) {
    print_record(*it, day);
    return kDone;
  }
  const Json measured = Json::object()
                            .set("rx_bytes", day.rx)
                            .set("tx_bytes", day.tx)
                            .set("measured_s", day.seconds)
                            .set("up_s", day.up);
  const Json json =
      Json::document("friend-show").set("friend", record_json(*it)).set("last_24h", measured);
  std::fputs(json.text().c_str(), stdout);
  return kDone;
}

}  // namespace covfefe::cli
