// SPDX-License-Identifier: Apache-2.0
// How long it takes to every hop of a circuit (Step E21, covfefe-protocol(7)): one build for each,
// all at once. Thread: data.
#pragma once

#include "core/circuit/reach.h"

namespace covfefe::core {

class HopTimes {
 public:
  static constexpr std::size_t kMost = 8;  // questions at once

  explicit HopTimes(Reach& reach) : reach_(reach) {}

  void start(RequestId request, PingReport report, const CircuitPath& path);
  // The report of a ping that went over this path: told when the hops are in it. hops holds their
  // names already.
  void built(const Attempt& attempt, const Built& built);
  void failed(const Attempt& attempt);

 private:
  struct Question {
    RequestId request;
    PingReport report;
    std::size_t missing = 0;
  };
  bool probe(RequestId request, const CircuitPath& path, std::size_t hop);
  Question* find(RequestId request);
  void one_less(Question& question);

  Reach& reach_;
  std::vector<Question> questions_;
};

}  // namespace covfefe::core
