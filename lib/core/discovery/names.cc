// SPDX-License-Identifier: Apache-2.0
#include "core/discovery/names.h"

#include <algorithm>

#include "core/discovery/discovery.h"
#include "crypto/drbg.h"

namespace covfefe::core {

void Names::tell(RequestId request, NameReport report) {
  commons_.effects->tell(Answer{request, std::move(report)});
}

void Names::ask(RequestId request, const NameQuery& query) {
  const Introducer* n = commons_.find(query.introducer);
  if (n == nullptr) return tell(request, {false, {}, "there is no such friend"});
  if (!wire::is_friend_name(query.name)) {
    return tell(request, {false, {}, "a name has 1 to 63 of a-z, 0-9 and '-'"});
  }
  if (!n->up) return tell(request, {false, {}, "no link to " + n->who.petname});
  if (waiting_.size() >= kWaitingMost) return tell(request, {false, {}, "too many questions"});
  const auto token = static_cast<std::uint32_t>(commons_.random.next_u64());
  if (!commons_.sink.send_control(n->link, {wire::NameAsk{token, query.name}}, commons_.now)) {
    return tell(request, {false, {}, "the link to " + n->who.petname + " is busy"});
  }
  waiting_.push_back({request, n->link, token, commons_.now + query.timeout});
  commons_.wake_at(waiting_.back().until);
}

std::optional<Address> Names::address_of(const std::string& name, const Introducer& asker) const {
  for (const auto& n : commons_.friends) {
    if (!n || n->link == asker.link || n->who.petname != name) continue;
    if (shown(*n) == Visibility::Reachable) return n->who.address;
  }
  return std::nullopt;
}

void Names::asked(Introducer& n, const wire::NameAsk& message) {
  if (!n.names.take(commons_.now)) return commons_.tally.add(Seen::NamesLimited);
  commons_.tally.add(Seen::NamesAsked);
  // One that finds no room is not repeated: the asker's time limit tells its operator.
  commons_.sink.send_control(n.link, {wire::NameAnswer{message.token, address_of(message.name, n)}},
                             commons_.now);
}

void Names::answered(const Introducer& n, const wire::NameAnswer& message) {
  const auto found = std::ranges::find_if(
      waiting_, [&](const Waiting& w) { return w.link == n.link && w.token == message.token; });
  if (found == waiting_.end()) return commons_.tally.add(Seen::NamesStray);
  const RequestId request = found->request;
  waiting_.erase(found);
  if (message.address) return tell(request, {true, *message.address, {}});
  tell(request, {false, {}, n.who.petname + " names no friend of that name"});
}

void Names::link_down(LinkSlot link) {
  for (const Waiting& w : waiting_) {
    if (w.link == link) tell(w.request, {false, {}, "the link went down"});
  }
  std::erase_if(waiting_, [link](const Waiting& w) { return w.link == link; });
}

void Names::timer() {
  for (const Waiting& w : waiting_) {
    if (w.until <= commons_.now) tell(w.request, {false, {}, "no answer"});
    commons_.wake_at(w.until);
  }
  std::erase_if(waiting_, [this](const Waiting& w) { return w.until <= commons_.now; });
}

}  // namespace covfefe::core
