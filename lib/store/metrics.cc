// SPDX-License-Identifier: Apache-2.0
// The part of Peers that keeps numbers over time.
#include <algorithm>
#include <limits>

#include "store/peers.h"
#include "store/statement.h"

namespace covfefe::store {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 3'600;

std::int64_t bounded(std::uint64_t value) {
  return static_cast<std::int64_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::int64_t>::max() / 1'000'000));
}
// Far above any real counter, and far enough below 2^63 that sums of a bucket stay integers.

}  // namespace

StoreResult<void> Peers::record_metrics(const OperationId& operation,
                                        std::span<const MetricSample> samples, WallTime now) {
  if (samples.size() > kMaxMetricSamples) {
    return StoreError{Fault::Refused,
                      "more than " + std::to_string(kMaxMetricSamples) + " samples in one call"};
  }
  const auto done = operations_.once(operation, [&]() -> StoreResult<std::int64_t> {
    for (const MetricSample& sample : samples) {
      if (sample.at > now.unix_seconds() + kHour) continue;
      const auto there = exists(sample.id);
      if (!there) return there.error();
      if (!*there) continue;
      for (const std::int64_t span : {kMinute, kHour}) {
        if (auto added = add_sample(sample, span); !added) return added.error();
      }
    }
    if (auto dropped = drop_old(now.unix_seconds()); !dropped) return dropped.error();
    return std::int64_t{0};
  });
  if (!done) return done.error();
  return {};
}

StoreResult<void> Peers::add_sample(const MetricSample& sample, std::int64_t span) {
  // The bucket ends at the first multiple of its span that is not before the sample's end.
  const std::int64_t at = (std::max<std::int64_t>(sample.at, 0) + span - 1) / span * span;
  Statement statement(
      database_.handle(),
      "INSERT INTO metrics(span, friend_id, at, seconds, rx, tx, up, rtt, lost, link_faults, "
      "onion_faults, circuits_destroyed, relayed_cells) "
      "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(span, friend_id, at) DO UPDATE SET "
      "seconds=seconds+excluded.seconds, rx=rx+excluded.rx, tx=tx+excluded.tx, "
      "up=up+excluded.up, rtt=CASE excluded.rtt WHEN 0 THEN rtt ELSE excluded.rtt END, "
      "lost=lost+excluded.lost, link_faults=link_faults+excluded.link_faults, "
      "onion_faults=onion_faults+excluded.onion_faults, "
      "circuits_destroyed=circuits_destroyed+excluded.circuits_destroyed, "
      "relayed_cells=relayed_cells+excluded.relayed_cells");
  return statement.integer(span)
      .integer(sample.id.value)
      .integer(at)
      .integer(sample.seconds)
      .integer(bounded(sample.rx_bytes))
      .integer(bounded(sample.tx_bytes))
      .integer(sample.up_seconds)
      .integer(sample.rtt_micros)
      .integer(sample.lost)
      .integer(sample.link_faults)
      .integer(sample.onion_faults)
      .integer(sample.circuits_destroyed)
      .integer(bounded(sample.relayed_cells))
      .run();
}

StoreResult<void> Peers::drop_old(std::int64_t now) {
  for (const auto& [span, age] : {std::pair{kMinute, kMinuteAge}, std::pair{kHour, kHourAge}}) {
    Statement statement(database_.handle(), "DELETE FROM metrics WHERE span=? AND at<?");
    if (auto done = statement.integer(span).integer(now - age).run(); !done) return done;
  }
  return {};
}

StoreResult<std::vector<MetricSample>> Peers::metrics(FriendId id, std::int64_t since,
                                                      std::size_t most) {
  std::vector<MetricSample> out;
  Statement statement(database_.handle(),
                      "SELECT at, seconds, rx, tx, up, rtt, lost, link_faults, onion_faults, "
                      "circuits_destroyed, relayed_cells FROM metrics WHERE span=60 AND "
                      "friend_id=? AND at>? ORDER BY at DESC LIMIT ?");
  statement.integer(id.value).integer(since).integer(static_cast<std::int64_t>(most));
  while (true) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return out;
    const auto small = [&](int column) {
      return static_cast<std::uint32_t>(std::clamp<std::int64_t>(
          statement.column_integer(column), 0, std::numeric_limits<std::uint32_t>::max()));
    };
    out.push_back({id, statement.column_integer(0), small(1),
                   static_cast<std::uint64_t>(statement.column_integer(2)),
                   static_cast<std::uint64_t>(statement.column_integer(3)), small(4), small(5),
                   small(6), small(7), small(8), small(9),
                   static_cast<std::uint64_t>(statement.column_integer(10))});
  }
}

}  // namespace covfefe::store
