// SPDX-License-Identifier: Apache-2.0
#include "core/build/origin.h"

#include <algorithm>

#include "base/check.h"
#include "core/build/offers.h"

namespace covfefe::core {

namespace {

constexpr std::uint32_t kMadeAtStep = 60;

bool goes_on(const crypto::BuildRecordBytes& bytes) {
  const auto reply = wire::parse_build_reply(bytes);
  return reply && reply->status == wire::BuildStatus::Granted;
}

}  // namespace

InlineVec<wire::BuildRecord, wire::kSlots> OwnBuilds::records(const CircuitPath& path,
                                                              const BuildTerms& terms,
                                                              WallTime wall) {
  const auto seconds = static_cast<std::uint32_t>(wall.unix_seconds());
  InlineVec<wire::BuildRecord, wire::kSlots> out;
  for (std::size_t i = 0; i < path.hops.size(); ++i) {
    wire::BuildRecord record;
    record.terminal = i + 1 == path.hops.size();
    record.accept_less = terms.least_rate < terms.rate;
    record.circuit_class = terms.circuit_class;
    record.made_at = seconds - seconds % kMadeAtStep;
    record.rate = terms.rate;
    record.least_rate = terms.least_rate;
    record.duration = terms.duration;
    record.lifetime = terms.lifetime;
    record.delta = shared_.random.next_u64();
    if (!record.terminal) record.next = path.hops[i + 1].handle;
    shared_.random.fill(record.ticket);
    out.push_back(record);
  }
  return out;
}

std::optional<BuildId> OwnBuilds::start(const CircuitPath& path, const BuildTerms& terms,
                                        ByteView payload) {
  const auto wall = shared_.identity.wall(shared_.now);
  if (!wall || runs_.size() >= kMost || path.hops.empty()) return std::nullopt;
  const auto asked = records(path, terms, *wall);
  InlineVec<crypto::BuildStop, wire::kSlots> stops;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    crypto::BuildStop& stop = stops.push_back({path.hops[i].onion_key, {}, nullptr});
    wire::write_build_record(asked[i], stop.record);
    if (asked[i].terminal) stop.ephemeral = terms.last_ephemeral;
  }
  crypto::BuildPacket packet{};
  auto build = crypto::OriginBuild::make(stops.view(), payload, shared_.random, packet);
  if (!build) return std::nullopt;
  Circuit* circuit = roster_.issue(path.entry, CircuitRole::Origin,
                                   shared_.now + Duration::seconds(terms.lifetime));
  if (circuit == nullptr) return std::nullopt;
  if (!shared_.sink.send_build(path.entry, {circuit->receive, packet}, shared_.now)) {
    roster_.drop(*circuit);
    return std::nullopt;
  }
  roster_.watch(*circuit, shared_.now + patience_.with(asked.size()));
  const BuildId id{++last_id_};
  runs_.push_back(
      std::make_unique<Run>(Run{id, circuit->receive, std::move(*build), asked, shared_.now}));
  shared_.tally.add(Count::BuildStarted);
  return id;
}

void OwnBuilds::abandon(BuildId build) {
  const auto found = std::find_if(runs_.begin(), runs_.end(),
                                  [build](const auto& run) { return run->id == build; });
  if (found == runs_.end()) return;
  Circuit* circuit = shared_.table.find((*found)->circuit);
  CHECK(circuit != nullptr);
  roster_.drop(*circuit);
  runs_.erase(found);
}

bool OwnBuilds::under_way(CircuitId circuit) const {
  return std::any_of(runs_.begin(), runs_.end(),
                     [circuit](const auto& run) { return run->circuit == circuit; });
}

std::unique_ptr<OwnBuilds::Run> OwnBuilds::take(CircuitId circuit) {
  const auto found = std::find_if(runs_.begin(), runs_.end(),
                                  [circuit](const auto& run) { return run->circuit == circuit; });
  CHECK(found != runs_.end());
  std::unique_ptr<Run> out = std::move(*found);
  runs_.erase(found);
  return out;
}

// Step B11, covfefe-protocol(7).
OwnBuilds::Reading OwnBuilds::read(const Run& run, const crypto::OriginBuild::Opened& opened) {
  Reading out;
  for (std::size_t i = 0; i < opened.replies.size(); ++i) {
    const auto reply = wire::parse_build_reply(opened.replies[i]);
    if (!reply) {
      out.failure = BuildFailure{BuildFault::WrongOffer, i, {}};
    } else if (reply->status != wire::BuildStatus::Granted) {
      out.failure = BuildFailure{BuildFault::Refused, i, reply->status, reply->rate};
    } else if (!fair(run.asked[i], *reply)) {
      out.failure = BuildFailure{BuildFault::WrongOffer, i, {}};
    }
    if (out.failure) return out;
    out.replies.push_back(*reply);
  }
  if (!opened.complete) {
    const std::size_t last = run.asked.size() - 1;
    out.failure = BuildFailure{BuildFault::Forged, std::min(opened.replies.size(), last), {}};
  }
  return out;
}

void OwnBuilds::answered(Circuit& circuit, const wire::BuiltFrame& built) {
  const std::unique_ptr<Run> run = take(circuit.receive);
  circuit.send = built.mine;
  crypto::OriginBuild::Opened opened = run->build.open(built.packet, goes_on);
  const Reading reading = read(*run, opened);
  if (reading.failure) {
    (void)shared_.sink.send_destroy(circuit.link, built.mine, wire::DestroyReason::Done,
                                    shared_.now);
    return fail(circuit, *run, *reading.failure);
  }
  const std::size_t hops = run->asked.size();
  const Duration rtt = shared_.now - run->started;
  patience_.answered(hops, rtt);
  circuit.hops.resize(hops);
  for (std::size_t i = 0; i < hops; ++i) {
    circuit.hops[i] = {std::move(opened.keys[i]), run->asked[i].delta};
  }
  circuit.length = hops;
  roster_.watch(circuit, circuit.ends);
  shared_.tally.add(Count::BuildMade);
  events_.on_built(run->id, {circuit.receive, rtt, reading.replies.view(), opened.answer});
}

void OwnBuilds::failed(Circuit& circuit, BuildFault fault) {
  const std::unique_ptr<Run> run = take(circuit.receive);
  if (fault == BuildFault::Timeout) patience_.missed();
  fail(circuit, *run, {fault, 0, {}});
}

void OwnBuilds::fail(Circuit& circuit, const Run& run, const BuildFailure& failure) {
  roster_.drop(circuit);
  shared_.tally.add(Count::BuildFailed);
  events_.on_build_failed(run.id, failure);
}

}  // namespace covfefe::core
