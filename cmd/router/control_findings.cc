// SPDX-License-Identifier: Apache-2.0
#include "control_findings.h"

namespace covfefe::router {

std::vector<core::Finding> own_findings(const OperatorView& view) {
  std::vector<core::Finding> out;
  const auto say = [&out](bool ok, const char* good, const char* bad, const char* next) {
    out.push_back({ok, ok ? good : bad, ok ? "" : next});
  };
  say(view.attached.tun, "the TUN device is attached", "there is no TUN device",
      "covfefe inspect tun-helper says why");
  say(view.attached.shaper, "the shaper is attached",
      "the shaper is not attached: nothing can be sent",
      "it comes back by itself; covfefe inspect shaper says why if it does not");
  say(view.peerdb.attached(), "peerdb is attached",
      "peerdb is away: friends are as they were read last",
      "it comes back by itself; its log says why if it does not");
  if (!view.keystore.attached()) {
    say(false, "", "the keystore is away: links that are up go on, new handshakes wait",
        "it comes back by itself; its log says why if it does not");
  } else if (view.keystore.locked()) {
    say(false, "", "the keystore is locked: new handshakes wait", "unlock it: covfefe unlock");
  } else {
    say(!view.keystore.foreign(), "the keystore answers",
        "the keystore holds other keys than identity.yaml names",
        "restore keys.sealed and identity.yaml of the same node");
  }
  return out;
}

void write_findings(const std::vector<core::Finding>& from,
                    schema::RouterOperator::WhyResults::Builder to) {
  auto list = to.initFindings(static_cast<capnp::uint>(from.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) {
    list[i].setOk(from[i].ok);
    list[i].setWhat(from[i].what);
    list[i].setNext(from[i].next);
  }
}

}  // namespace covfefe::router
