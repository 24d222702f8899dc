// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/hop_times.h"

#include <algorithm>

namespace covfefe::core {

void HopTimes::start(RequestId request, PingReport report, const CircuitPath& path) {
  if (questions_.size() == kMost) {
    reach_.reports.emplace_back(Answer{request, std::move(report)});
    return;
  }
  Question question{request, std::move(report), 0};
  const std::size_t hops = std::min(question.report.hops.size(), path.hops.size());
  for (std::size_t hop = 0; hop < hops; ++hop) {
    if (probe(request, path, hop)) ++question.missing;
  }
  if (question.missing > 0) {
    questions_.push_back(std::move(question));
  } else {
    reach_.reports.emplace_back(Answer{request, std::move(question.report)});
  }
}

// Step E21, covfefe-protocol(7).
bool HopTimes::probe(RequestId request, const CircuitPath& path, std::size_t hop) {
  Attempt attempt;
  attempt.what = Attempt::What::Probe;
  attempt.path.entry = path.entry;
  attempt.path.epoch = path.epoch;
  for (std::size_t i = 0; i <= hop; ++i) attempt.path.hops.push_back(path.hops[i]);
  attempt.started = reach_.shared.now;
  attempt.question = request;
  attempt.hop = hop;
  ByteArray<wire::kBuildPayload> payload;
  const std::size_t said = wire::write_build_payload(wire::ProbeHop{}, payload);
  reach_.shared.random.fill(MutableBytes(payload).subspan(said));
  BuildTerms terms;
  terms.lifetime = 60;
  const auto build = reach_.builds.start(attempt.path, terms, payload);
  if (build) reach_.attempts.add(*build, std::move(attempt));
  return build.has_value();
}

HopTimes::Question* HopTimes::find(RequestId request) {
  const auto found = std::find_if(questions_.begin(), questions_.end(),
                                  [request](const auto& q) { return q.request == request; });
  return found == questions_.end() ? nullptr : &*found;
}

void HopTimes::built(const Attempt& attempt, const Built& built) {
  reach_.builds.close(built.circuit, wire::DestroyReason::Done);
  Question* question = find(attempt.question);
  if (question == nullptr) return;
  HopTime& time = question->report.hops[attempt.hop];
  time.ok = true;
  time.rtt = built.rtt;
  one_less(*question);
}

void HopTimes::failed(const Attempt& attempt) {
  if (Question* question = find(attempt.question)) one_less(*question);
}

void HopTimes::one_less(Question& question) {
  if (--question.missing > 0) return;
  reach_.reports.emplace_back(Answer{question.request, std::move(question.report)});
  std::erase_if(questions_, [&question](const auto& q) { return &q == &question; });
}

}  // namespace covfefe::core
