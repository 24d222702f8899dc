// SPDX-License-Identifier: Apache-2.0
#include "core/link/link.h"

namespace covfefe::core {

FriendReport Link::report(Instant now) const {
  FriendReport out;
  out.id = friend_.id;
  out.state = state();
  if (up_) out.remote = paths_.data(Lane::Bulk).to;
  out.data_sockets = paths_.data_sockets();
  out.small_mode = small_only();
  out.rtt = rtt_.smoothed();
  out.rx_bytes = rx_bytes_;
  out.tx_bytes = tx_bytes_;
  out.lost = sessions_.missing() + unsent_;
  out.link_faults = faults_;
  out.up_for = up_ ? up_before_ + (now - up_since_) : up_before_;
  out.last_heard = last_heard_;
  out.idle = slots_.ours;
  out.peer_idle = slots_.theirs;
  out.queue = meter_.queue();
  out.path_loss = meter_.loss();
  out.handshake_failure = dial_.failure;
  return out;
}

void Link::explain(Instant now, std::vector<Finding>& out) const {
  const auto say = [&](bool ok, std::string what, std::string next) {
    out.push_back({ok, std::move(what), ok ? std::string{} : std::move(next)});
  };
  const bool known = !dial_targets().empty();
  say(known || up_,
      known ? "an address of " + friend_.petname + " is known"
            : "no address of " + friend_.petname + " is known",
      "wait until " + friend_.petname + " calls, or give one: covfefe friend set " +
          friend_.petname + " --endpoint HOST:PORT");
  say(desk_.keystore_up,
      desk_.keystore_up ? "the keystore answers" : "the keystore is not connected",
      up_ ? "the link goes on without it for 24 h: covfefe inspect keystore"
          : "no new link can be made: covfefe inspect keystore");
  if (!up_) {
    say(false,
        dial_.failure.empty() ? "the handshake is under way"
                              : "the handshake failed: " + dial_.failure,
        "check that both sides added each other's current card, that UDP to the address is not "
        "blocked, and that " +
            friend_.petname + " runs");
    return;
  }
  const Duration ago = now - last_heard_;
  say(true, "the link is up, last heard " + std::to_string(ago.nanoseconds / 1'000'000) + " ms ago",
      {});
  say(paths_.data_sockets() != 0 || desk_.config.data_sockets.empty(),
      paths_.data_sockets() != 0 ? "the data sockets answer"
                                 : "no data socket answers: data goes over the control socket",
      "open the data ports of both sides in their firewalls (6364 and 6365 unless configured)");
  say(!small_only(),
      small_only() ? "large datagrams do not pass: everything goes in small cells, at about twice "
                     "the bytes"
                   : "large datagrams pass",
      "find the link with an MTU below 1,448 B on the way");
}

}  // namespace covfefe::core
