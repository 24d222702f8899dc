// SPDX-License-Identifier: Apache-2.0
// What this node and its friends allow each other to say, and the onion keys that go along (Steps
// D2 and D3, covfefe-protocol(7)). Thread: data.
#pragma once

#include "core/discovery/introducer.h"

namespace covfefe::core {

class Offers {
 public:
  explicit Offers(Commons& commons) : commons_(commons) {}

  void due(Introducer& n);
  // Ours to this friend became another, or its link came up.
  bool received(Introducer& n, const wire::Offer& offer);
  // True when it is another than before.

  void keystore_up();
  void keystore_down() { asked_ = {}, ask_at_ = Instant::never(); }
  bool reply(const KeystoreReply& reply);
  void timer();

 private:
  void ask();
  void took(const OnionKeys& keys);
  [[nodiscard]] wire::Offer ours(const Introducer& n) const;

  Commons& commons_;
  InlineVec<wire::OfferedKey, 2> keys_;
  RequestId asked_;  // 0: nothing is under way
  Instant ask_at_ = Instant::never();
};

}  // namespace covfefe::core
