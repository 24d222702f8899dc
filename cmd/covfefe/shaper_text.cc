// SPDX-License-Identifier: Apache-2.0
#include "shaper_text.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "quantity.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

constexpr std::size_t kIndent = 10;  // of what stands beside "uplink", "ledger", "queue"

[[gnu::format(printf, 1, 2)]] std::string line(const char* format, ...) {
  char text[320];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

std::string limit_text(std::uint64_t rate) {
  return rate == 0 ? "unlimited" : rate_text(rate);
}

std::string or_dash(std::uint64_t rate) {
  return rate == 0 ? "-" : bits_text(rate);
}

std::string paragraph(const char* name, const std::string& text) {
  return fitted(name, kIndent) + wrapped(text, kIndent) + "\n";
}

std::string uplink_text(const CapacityState& capacity) {
  std::string out = paragraph("uplink", capacity_text(capacity));
  if (!capacity.why.empty()) out += paragraph("", capacity.why);
  if (!capacity.learned) return out;
  return out + paragraph("", line("at least %s of late; queue beyond this node %.1f ms; %s, %s",
                                  limit_text(capacity.low_water).c_str(), capacity.queue_ms,
                                  count_text(capacity.cuts, "cut").c_str(),
                                  count_text(capacity.probes, "probe").c_str()));
}

std::string ledger_text(const LedgerState& ledger) {
  const std::uint64_t given = ledger.control + ledger.floors + ledger.leased;
  std::string out;
  if (ledger.most == 0) {
    out = "an unlimited uplink promises whatever is asked";
  } else {
    out = rate_text(ledger.most) + " may be promised, " +
          rate_text(ledger.most - std::min(given, ledger.most)) + " is free";
  }
  out = paragraph("ledger", out);
  out += paragraph("", "control " + rate_text(ledger.control) + ", idle lanes " +
                           rate_text(ledger.floors) + ", leases " + rate_text(ledger.leased) +
                           "; reserves " + rate_text(ledger.reserves));
  return out + paragraph("", line("%llu refused, %llu revoked since the shaper started",
                                  wide(ledger.refused), wide(ledger.revoked)));
}

std::string queue_text(const QueueState& queue) {
  std::string out = count_text(queue.queued_datagrams, "packet") + ", " +
                    bytes_text(queue.queued_bytes) + " in " + count_text(queue.flows, "flow") +
                    line("; %llu dropped, %llu refused by the kernel", wide(queue.dropped),
                         wide(queue.send_errors));
  if (!queue.attached) out += "; the router is not attached";
  return paragraph("queue", out);
}

std::string classes_text(const std::vector<ClassState>& classes) {
  std::string out =
      "\nclass      weight reserve     cap       sent   packets     queued   dropped\n";
  for (const ClassState& one : classes) {
    const std::string weight = one.weight == 0 ? "-" : std::to_string(one.weight);
    out += line("%s %6s %7s %7s %10s %9llu %10s %9llu", fitted(one.name, 10).c_str(),
                weight.c_str(), or_dash(one.reserve).c_str(), or_dash(one.cap).c_str(),
                bytes_text(one.sent_bytes).c_str(), wide(one.sent_datagrams),
                bytes_text(one.queued_bytes).c_str(), wide(one.dropped));
    out += "\n";
    if (one.scale < 1'000)
      out += line("  reserves hold at %u.%u %%\n", one.scale / 10, one.scale % 10);
  }
  return out;
}

std::string friends_text(std::vector<FriendState> friends) {
  if (friends.empty()) return "\nno friends\n";
  std::stable_sort(friends.begin(), friends.end(),
                   [](const auto& a, const auto& b) { return a.rate > b.rate; });
  std::string out =
      "\nfriend         level      bit/s entitled leased     queued  dropped    idle\n";
  for (const FriendState& one : friends) {
    const std::string idle =
        one.idle_period_ms == 0 ? "off" : std::to_string(one.idle_period_ms) + " ms";
    out +=
        line("%s %s %6s %8s %6s %10s %8llu %7s\n", fitted(one.name, 14).c_str(),
             fitted(one.level, 10).c_str(), bits_text(one.rate).c_str(),
             one.entitled == 0 ? "-" : bits_text(one.entitled).c_str(), or_dash(one.leased).c_str(),
             bytes_text(one.queued_bytes).c_str(), wide(one.dropped), idle.c_str());
  }
  return out;
}

std::string lease_text(const LeaseState& lease) {
  std::string over;
  for (const std::string& name : lease.over) over += (over.empty() ? "" : " and ") + name;
  std::string out = lease.lease_class + " " + rate_text(lease.rate) + " over " + over + " for " +
                    lease.principal + ", ";
  if (lease.starts_in_s > 0) out += "starts in " + span_text(lease.starts_in_s) + ", lasts ";
  return out + span_text(lease.left_s) + (lease.starts_in_s > 0 ? "" : " left");
}

std::string leases_text(const LedgerState& ledger) {
  std::string out;
  for (const LeaseState& one : ledger.leases)
    out += fitted("lease", 6) + fitted(std::to_string(one.id), 12) + wrapped(lease_text(one), 18) +
           "\n";
  if (ledger.left != 0) out += line("and %u more leases\n", ledger.left);
  return out.empty() ? out : "\n" + out;
}

Json rate_json(std::uint64_t rate) {
  return rate == 0 ? Json() : Json(rate);
}

Json lease_json(const LeaseState& one) {
  Json over = Json::array();
  for (const std::string& name : one.over) over.add(name);
  return Json::object()
      .set("id", one.id)
      .set("for", one.principal)
      .set("over", std::move(over))
      .set("class", one.lease_class)
      .set("rate", one.rate)
      .set("starts_in_s", one.starts_in_s)
      .set("left_s", one.left_s);
}

Json ledger_json(const LedgerState& ledger) {
  Json leases = Json::array();
  for (const LeaseState& one : ledger.leases) leases.add(lease_json(one));
  return Json::object()
      .set("most", rate_json(ledger.most))
      .set("control", ledger.control)
      .set("idle_lanes", ledger.floors)
      .set("reserves", ledger.reserves)
      .set("leased", ledger.leased)
      .set("refused", ledger.refused)
      .set("revoked", ledger.revoked)
      .set("leases", std::move(leases))
      .set("left", ledger.left);
}

Json capacity_json(const CapacityState& capacity) {
  return Json::object()
      .set("configured", rate_json(capacity.configured))
      .set("learned", capacity.learned)
      .set("rate", rate_json(capacity.rate))
      .set("low_water", rate_json(capacity.low_water))
      .set("state", capacity.state)
      .set("why", capacity.why)
      .set("since_s", capacity.since_s)
      .set("queue_ms", capacity.queue_ms)
      .set("cuts", capacity.cuts)
      .set("probes", capacity.probes);
}

Json queue_json(const QueueState& queue) {
  return Json::object()
      .set("attached", queue.attached)
      .set("sent_bytes", queue.sent_bytes)
      .set("sent_datagrams", queue.sent_datagrams)
      .set("queued_bytes", queue.queued_bytes)
      .set("queued_datagrams", queue.queued_datagrams)
      .set("flows", queue.flows)
      .set("dropped", queue.dropped)
      .set("send_errors", queue.send_errors);
}

Json class_json(const ClassState& one) {
  return Json::object()
      .set("name", one.name)
      .set("weight", one.weight)
      .set("reserve", rate_json(one.reserve))
      .set("cap", rate_json(one.cap))
      .set("scale", one.scale)
      .set("sent_bytes", one.sent_bytes)
      .set("sent_datagrams", one.sent_datagrams)
      .set("queued_bytes", one.queued_bytes)
      .set("dropped", one.dropped);
}

Json friend_json(const FriendState& one) {
  Json classes = Json::array();
  for (const std::uint64_t bytes : one.sent_by_class) classes.add(bytes);
  return Json::object()
      .set("name", one.name)
      .set("level", one.level)
      .set("weight", one.weight)
      .set("reserve", rate_json(one.reserve))
      .set("cap", rate_json(one.cap))
      .set("idle", one.idle)
      .set("idle_period_ms", one.idle_period_ms)
      .set("leased", one.leased)
      .set("rate", one.rate)
      .set("entitled", one.entitled)
      .set("sent_bytes", one.sent_bytes)
      .set("sent_datagrams", one.sent_datagrams)
      .set("queued_bytes", one.queued_bytes)
      .set("queued_datagrams", one.queued_datagrams)
      .set("dropped", one.dropped)
      .set("spares", one.spares)
      .set("sent_by_class", std::move(classes));
}

}  // namespace

std::string capacity_text(const CapacityState& capacity) {
  std::string out = limit_text(capacity.rate);
  if (capacity.configured != 0 && capacity.configured != capacity.rate)
    out += " of " + rate_text(capacity.configured);
  if (!capacity.learned) return out + ", as configured";
  return out + ", " + capacity.state + " for " + seconds_text(capacity.since_s);
}

std::string shaper_text(const ShaperState& state) {
  return uplink_text(state.capacity) + ledger_text(state.ledger) + queue_text(state.queue) +
         classes_text(state.classes) + friends_text(state.friends) + leases_text(state.ledger);
}

Json shaper_json(const ShaperState& state) {
  Json classes = Json::array();
  for (const ClassState& one : state.classes) classes.add(class_json(one));
  Json friends = Json::array();
  for (const FriendState& one : state.friends) friends.add(friend_json(one));
  return Json::document("shaper")
      .set("capacity", capacity_json(state.capacity))
      .set("ledger", ledger_json(state.ledger))
      .set("queue", queue_json(state.queue))
      .set("classes", std::move(classes))
      .set("friends", std::move(friends));
}

}  // namespace covfefe::cli
