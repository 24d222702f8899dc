// SPDX-License-Identifier: Apache-2.0
// Promised bandwidth and announced intentions as the operator sees them, in plain values, and the
// calls that make them. Rates are bytes a second.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/instant.h"
#include "base/leases.h"
#include "outcome.h"

namespace covfefe::cli {

class Connection;  // services.h

enum class Directions : std::uint8_t { Both, Out, In };

struct ReserveAsked {
  std::string peer;
  std::uint32_t payload_rate = 0;
  std::uint16_t packet = 0;
  LeaseClass as = LeaseClass::Realtime;
  Directions directions = Directions::Both;
  Duration starts_in;
  Duration lasts;
};
struct ReserveView {  // granted; a refusal is a Problem with the best offer in it
  std::uint32_t id = 0;
  std::uint32_t payload_rate = 0;
  std::uint32_t wire_rate = 0;
  double lasts_s = 0;
  std::string how;
};
enum class Intent : std::uint8_t { Nothing, OnlineUntil, Leaving };
struct IntendAsked {
  Intent what = Intent::Nothing;
  Duration in;
};
struct AnswerAsked {
  std::string peer;
  bool yes = false;
  Duration by;  // 0: what was asked
};
struct DoneView {
  std::string what;
  std::string next;  // what else follows from it, may be empty
  double left_s = 0;
};
struct PromiseView {
  std::uint32_t id = 0;
  std::string kind;  // "given", "taken", "online until", "leaving", "please"
  bool ours = false;
  std::string with;
  std::uint32_t payload_rate = 0;
  std::uint32_t wire_rate = 0;
  std::string lease_class;  // "realtime" or "bulk", of a lease
  double starts_in_s = 0;
  double left_s = 0;
  std::string state;
};
struct PromisesView {
  std::vector<PromiseView> all;
  std::uint32_t left = 0;  // how many more there are
};
struct AppliedView {
  std::vector<std::string> changed;
};

[[nodiscard]] Outcome<ReserveView> reserve(Connection& router, const ReserveAsked& asked);
[[nodiscard]] Outcome<ReserveView> extend(Connection& router, std::uint32_t id, Duration by);
[[nodiscard]] Outcome<DoneView> release(Connection& router, std::uint32_t id);
[[nodiscard]] Outcome<DoneView> intend(Connection& router, const IntendAsked& asked);
[[nodiscard]] Outcome<DoneView> please(Connection& router, const std::string& peer, Duration by);
[[nodiscard]] Outcome<DoneView> answer(Connection& router, const AnswerAsked& asked);
[[nodiscard]] Outcome<PromisesView> promises(Connection& router);
[[nodiscard]] Outcome<AppliedView> apply_to_router(Connection& router, const std::string& text);
// The text of covfefenet.yaml.

}  // namespace covfefe::cli
