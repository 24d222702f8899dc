// SPDX-License-Identifier: Apache-2.0
// All links of this node: from datagrams to verified cells and control messages, and back into
// sealed frames. Handshakes, cookies, rekey, replay windows, roaming, data sockets, S mode and the
// reliable control channel live below this header; circuits and sessions above it.
//
// One step of the router is begin(), any number of the other calls, end(). Events are delivered
// from inside these calls; from inside an event every CellSink function may be called, and nothing
// else of this class. Nothing here reads a clock, allocates per packet, or fails on a peer's word.
// Thread: data.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/cell_io.h"
#include "core/io.h"
#include "wire/control.h"
#include "wire/link_frames.h"

namespace covfefe::crypto {
class Drbg;  // crypto/drbg.h
}

namespace covfefe::core {

struct LinksConfig {
  StaticKey static_key{};  // own X25519 link key, public half: what mac1 of others is made with
  BootId boot{};           // random, new at every start of the process
  std::vector<wire::DataSocket> data_sockets{};  // announced to friends; at most one per class
};

class Links final : public CellSink {
 public:
  Links(LinksConfig config, crypto::Drbg& random, wire::ControlCodec& codec);
  // random and codec are borrowed for the life of the object.
  ~Links() override;
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  void attach(LinkEvents& events);
  // Once, before the first begin(); borrowed likewise.

  // ---- a step ----------------------------------------------------------------------------------
  void begin(Instant now, Effects& effects);
  void end();
  // Between the two, `effects` is borrowed. end() sends what gathered (acknowledgements, requests)
  // and settles the deadlines.

  void datagrams(std::span<const DatagramIn> all);
  void completions(std::span<const Completion> all);
  void shaper_up();
  void shaper_down();  // what was posted and not completed is lost
  void friends(const FriendTable& table);
  void keystore_up();
  void keystore_down();
  bool keystore_reply(KeystoreReply& reply);
  // False when the request is not one of ours; then the reply is left as it was.
  void timer();  // does what is due; call it in every step that a passed deadline caused

  [[nodiscard]] Instant next_deadline() const;  // O(1); valid outside a step

  // ---- questions -------------------------------------------------------------------------------
  [[nodiscard]] std::optional<LinkSlot> find(FriendId id) const;
  void explain(LinkSlot link, Instant now, std::vector<Finding>& out) const;
  // What was checked about this link and what to do next, most basic first (covfefe why).
  void count(std::vector<Counter>& out) const;
  // Appends the counters of this layer; names are static.
  [[nodiscard]] std::uint64_t heeded() const;  // datagrams

  // ---- CellSink --------------------------------------------------------------------------------
  MutableBytes open_cell(LinkSlot link, FlowClass as, CellSize size) override;
  void send_cell(const CellHeader& header) override;
  void abandon_cell() override;
  bool send_control(LinkSlot link, const wire::Control& message, Instant now) override;
  bool send_destroy(LinkSlot link, CircuitId circuit, wire::DestroyReason reason,
                    Instant now) override;
  bool send_build(LinkSlot link, const wire::BuildFrame& build, Instant now) override;
  bool send_built(LinkSlot link, const wire::BuiltFrame& built, Instant now) override;
  RequestId next_request() override;
  [[nodiscard]] bool small_only(LinkSlot link) const override;
  [[nodiscard]] FriendReport report(LinkSlot link, Instant now) const override;
  [[nodiscard]] bool bulk_backlogged(LinkSlot link) const override;
  [[nodiscard]] bool relayed_backlogged(LinkSlot link) const override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace covfefe::core
