// SPDX-License-Identifier: Apache-2.0
// What this node reserves with friends (Steps P2 to P8, covfefe-protocol(7)): first on the own
// uplink, then the friend is asked, and what the friend refuses is undone here. Every question of
// the operator is answered once. Thread: data.
#pragma once

#include "core/promise/accord.h"
#include "core/promise/words.h"

namespace covfefe::core {

class Borrower {
 public:
  static constexpr Duration kTakesUp = Duration::minutes(1);  // after the router's start (Step P8)
  static constexpr std::uint32_t kOutTag = 0x8000'0000;       // in a tag: the friend keeps nothing

  explicit Borrower(Accord& accord) : accord_(accord) {}

  // ---- the operator
  void reserve(Party& party, RequestId question, const ReserveQuery& query);
  bool extend(Party& party, RequestId question, const ExtendQuery& query);
  bool release(Party& party, RequestId question, std::uint32_t id);
  // False, and nothing is answered: no promise of that number.

  // ---- the friend
  void on(Party& party, const wire::Ack& ack);
  void on(Party& party, const wire::Nak& nak);

  // ---- the shaper
  bool answered(Party& party, const ShaperReply& reply);
  bool revoked(Party& party, std::uint32_t lease);
  bool adopt(const Lease& lease);
  // The own half of an earlier run: kept until the friend repeats its ACK. False: too many.

  void up(Party& party, Boot boot);
  void down(Party& party);
  void gone(Party& party);
  void timer(Party& party);
  void timer();

 private:
  using Found = std::vector<Borrowed>::iterator;
  [[nodiscard]] static Found find(Party& party, std::uint32_t id);
  [[nodiscard]] Duration patience(const Party& party) const;
  void ask_own(Party& party, Borrowed& taken, std::uint64_t wire);
  void ask_friend(Party& party, Borrowed& taken);
  void ask_longer(Party& party, Borrowed& taken);
  [[nodiscard]] Instant limit(Duration timeout) const;
  void await(Borrowed& taken, Borrowed::State state, Duration most);
  void settled(Borrowed& taken);
  void in_force(Party& party, Borrowed& taken, const wire::Ack& ack);
  void longer(Party& party, Borrowed& taken, Instant until);
  struct Offer {
    std::uint32_t rate = 0;
    Duration lasts{};
  };
  void refuse(RequestId question, const Refused& why, const Offer& best);
  void fail(Party& party, Found taken, const Refused& why, const Offer& best);
  void not_longer(Borrowed& taken, const Refused& why, const Offer& best);
  void unanswered(Party& party, Found taken);
  void take_up(Party& party, const wire::Ack& ack);
  enum class By : std::uint8_t { Time, Operator, Shaper, Friend };
  void end(Party& party, Found taken, By whom);
  void judge(Party& party, const Borrowed& taken, By whom);
  void drop(Party& party, Found taken);
  [[nodiscard]] ReserveReport report(const Party& party, const Borrowed& taken) const;

  Accord& accord_;
  Instant takes_up_until_ = Instant::never();  // set at the first step
  std::vector<Lease> orphans_;                 // own halves of an earlier run
};

}  // namespace covfefe::core
