// SPDX-License-Identifier: Apache-2.0
// What friends announce of themselves (Steps P10 to P12 and P14, covfefe-protocol(7)): kept, told
// to circuits, judged when it is over. Thread: data.
#pragma once

#include "core/promise/accord.h"

namespace covfefe::core {

class Listener {
 public:
  explicit Listener(Accord& accord) : accord_(accord) {}

  void on(Party& party, const wire::OnlineUntil& online);
  void on(Party& party, const wire::Leaving& leaving);
  void up(Party& party);
  void down(Party& party);
  void gone(Party& party);
  void timer(Party& party);

 private:
  void online(Party& party, Instant until);  // never(): taken back
  void leaving(Party& party, Instant at);
  void stays(Party& party);
  void heed(Party& party);
  void judge(Party& party);

  Accord& accord_;
};

}  // namespace covfefe::core
