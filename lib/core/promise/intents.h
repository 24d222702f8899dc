// SPDX-License-Identifier: Apache-2.0
// What this node announces of itself, and the friends who ask it, or are asked, to stay longer
// (Steps P10 and P13, covfefe-protocol(7)). Thread: data.
#pragma once

#include "core/promise/accord.h"

namespace covfefe::core {

class Intents {
 public:
  explicit Intents(Accord& accord) : accord_(accord) {}

  struct Own {
    std::optional<Instant> online;
    std::optional<Instant> leaving;
    Duration granted;  // longer than meant at first, by policy
  };
  [[nodiscard]] const Own& own() const { return own_; }
  [[nodiscard]] Instant until() { return farewell().value_or(accord_.now); }
  // When this node goes, as it announced.

  // ---- the operator: each is answered once
  void intend(RequestId question, const IntendQuery& query);
  void please(Party& party, RequestId question, const PleaseQuery& query);
  void answer(Party& party, RequestId question, const AnswerQuery& query);

  // ---- the friend
  void on(Party& party, const wire::Please& please);
  bool on(Party& party, const wire::Ack& ack);
  bool on(Party& party, const wire::Nak& nak);
  // False: not the answer to a Please.
  void up(Party& party, Boot boot);
  void down(Party& party);
  void gone(Party& party);
  void timer(Party& party);
  void timer();

 private:
  [[nodiscard]] std::optional<Instant>& farewell();
  [[nodiscard]] bool may_stay(Duration longer);
  void set(IntentKind kind, Duration in);
  void withdraw();
  void announce(Party& party);
  void announce();
  void grant(Party& party, const PleaFrom& plea, Duration longer);
  void refuse(Party& party, wire::NakReason why);
  void replied(Party& party, std::string answer, std::string note);
  void done(RequestId question, std::string what, std::string next);

  Accord& accord_;
  Own own_;
};

}  // namespace covfefe::core
