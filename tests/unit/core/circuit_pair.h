// SPDX-License-Identifier: Apache-2.0
// Two nodes' circuits joined by a perfect or a spoiled link in memory, with keystores that answer
// at once: everything above the link layer, and nothing of it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "core/circuit/circuits.h"
#include "crypto/drbg.h"
#include "tests/support/fake_keystore.h"

namespace covfefe::test {

using Bytes = std::vector<std::uint8_t>;

inline constexpr core::LinkSlot kSlot{0};

class MemoryLink final : public core::CellSink {
 public:
  struct Cell {
    core::CellHeader header;
    core::Lane lane = core::Lane::Bulk;
    Bytes onion;
  };
  struct Destroyed {
    CircuitId circuit;
    wire::DestroyReason reason;
  };
  using Event = std::variant<Cell, wire::Control, Destroyed>;

  MutableBytes open_cell(core::LinkSlot, FlowClass as, core::CellSize size) override;
  void send_cell(const core::CellHeader& header) override;
  void abandon_cell() override { opened_.onion.clear(); }
  bool send_control(core::LinkSlot, const wire::Control& message, Instant) override;
  bool send_destroy(core::LinkSlot, CircuitId circuit, wire::DestroyReason reason,
                    Instant) override;
  bool send_build(core::LinkSlot, const wire::BuildFrame&, Instant) override { return false; }
  bool send_built(core::LinkSlot, const wire::BuiltFrame&, Instant) override { return false; }
  RequestId next_request() override { return {++last_request_}; }
  [[nodiscard]] bool small_only(core::LinkSlot) const override { return small; }
  [[nodiscard]] core::FriendReport report(core::LinkSlot, Instant) const override;
  [[nodiscard]] bool bulk_backlogged(core::LinkSlot) const override { return backlogged; }

  std::deque<Event> out;
  core::LinkState state = core::LinkState::Up;
  bool small = false;
  bool backlogged = false;
  bool cells = true;  // false: no cell to be had

 private:
  Cell opened_;
  std::uint64_t last_request_ = 0;
};

struct Recorded final : core::Effects {
  core::Frame acquire(core::Lane) override { return {}; }
  void post(const core::Frame&, const core::Posting&) override {}
  void release(const core::Frame&) override {}
  void cancel(FlowId, std::uint32_t) override {}
  void deliver(std::span<const ByteView> packets) override;
  void ask(core::KeystoreRequest) override {}
  void tell(core::Report report) override { reports.push_back(std::move(report)); }
  void ask(core::ShaperRequest) override {}
  void measured(FlowId, const core::PathSample&) override {}

  std::vector<Bytes> delivered;
  std::vector<core::Report> reports;
};

struct Node {
  explicit Node(std::uint8_t seed);

  void step(Instant now, const std::function<void()>& what);
  // begin, what, timers and certificate, end.
  void tun(Instant now, const Bytes& packet);
  [[nodiscard]] std::uint64_t count(core::Count what) const { return circuits.tally().of(what); }
  [[nodiscard]] const core::PingReport* ping_report() const;

  FakeKeystore keystore;
  bool keystore_attached = true;
  crypto::Drbg random;
  MemoryLink link;
  core::Circuits circuits;
  Recorded effects;
};

class Pair {
 public:
  Pair();

  void up(core::Boot boot = core::Boot::New);
  void down();
  void tick(Duration by);
  // Moves the clock on in steps of at most 50 ms, running timers and the link.
  void exchange();
  // Carries what is on the link until it is silent.
  bool established();
  // Brings the link up and lets a second pass: both have a session.

  Node& younger() { return left.keystore.address() < right.keystore.address() ? right : left; }
  Node& elder() { return left.keystore.address() < right.keystore.address() ? left : right; }
  Node& other(Node& node) { return &node == &left ? right : left; }

  Node left{1};
  Node right{2};
  Instant now{1'000'000'000};
  std::function<bool(Node& from, MemoryLink::Event&)> spoil = [](Node&, MemoryLink::Event&) {
    return true;
  };
  // Sees everything before it is delivered; false: it is lost.

 private:
  bool carry(Node& from, Node& to);
};

Bytes udp_packet(const Address& from, const Address& to, std::size_t size, std::uint8_t dscp = 0);
// A whole IPv6 packet of `size` bytes.

}  // namespace covfefe::test
