// SPDX-License-Identifier: Apache-2.0
// The control thread: every RPC of the router, on one KJ loop. Accepts the services and the
// operator, carries mail to and from the data thread, never touches a packet. Thread: control.
#pragma once

#include "control_operator.h"
#include "control_shaper.h"
#include "core_view.h"
#include "live_config.h"
#include "os/log_sink.h"
#include "resources.h"
#include "sandbox/confine.h"

namespace covfefe::router {

class ControlPlane {
 public:
  ControlPlane(Resources& held, const sandbox::JailReport& report);
  // held is borrowed and outlives the plane; its stream listeners are taken over.

  SysResult<void> run();
  // Until the data thread has ended.

 private:
  void listen();
  void prove_alive();
  void on_mail();
  void take(ToControl mail);
  void measure();
  void note(const core::LinkChanged& changed);
  void note(const core::PromiseNotice& notice);
  void note(const Attached& attached);
  [[nodiscard]] std::string name_of_friend(FriendId id) const;
  void count(rpc::InspectedService& out);
  [[nodiscard]] rpc::InspectedService describe(Measured measured, core::StatusReport report);
  [[nodiscard]] std::vector<rpc::InspectedInterface> interfaces();
  [[nodiscard]] std::string state() const;

  Resources& held_;
  const sandbox::JailReport& report_;
  os::StderrLog log_;
  crypto::SystemEntropy entropy_;
  Instant started_;
  Attached attached_;
  rpc::CallCount operator_calls_;
  CoreView core_;
  LiveConfig config_;
  Questions questions_;
  KeystoreEdge keystore_;
  PeerdbEdge peerdb_;
  SureMail sure_;
  ShaperControl shaper_;
  OperatorView view_;
  rpc::Exports operators_;
};

}  // namespace covfefe::router
