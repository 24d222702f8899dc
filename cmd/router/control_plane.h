// SPDX-License-Identifier: Apache-2.0
// The control thread: every RPC of the router, on one KJ loop. Accepts the services and the
// operator, carries mail to and from the data thread, never touches a packet. Thread: control.
#pragma once

#include "control_operator.h"
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
  class ShaperEdge final : public rpc::EdgeHandler {
   public:
    void connected(capnp::Capability::Client peer) override { client = kj::mv(peer); }
    void gone() override { client = nullptr; }
    kj::Maybe<capnp::Capability::Client> client;
  };

  void listen();
  void on_mail();
  void take(ToControl mail);
  void measure();
  void note(const core::LinkChanged& changed);
  [[nodiscard]] kj::Promise<std::string> shaper_sentence();
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
  ShaperEdge shaper_;
  OperatorView view_;
  rpc::Exports operators_;
};

}  // namespace covfefe::router
