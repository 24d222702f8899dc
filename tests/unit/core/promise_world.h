// SPDX-License-Identifier: Apache-2.0
// Nodes that promise each other things: promises and the real ledger of each, joined by links that
// carry encoded control messages at once, in virtual time.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/promise/promises.h"
#include "rpc/control_codec.h"
#include "shape/ledger.h"

namespace covfefe::test {

class PromiseWorld;

class PromiseNode final : public core::CellSink, public core::Effects, public core::LeavingEvents {
 public:
  PromiseNode(PromiseWorld& world, std::uint8_t number, std::string its_name);

  void step(const std::function<void()>& what);
  void restart();
  // A new router process: nothing is remembered but by the shaper, which tells what it holds.
  void friends();
  // Everybody that it befriended enters the table, anew.
  void room(std::uint64_t bytes_per_second);
  // The uplink carries so much from now on; what does not fit is revoked.
  void quota(std::uint64_t bytes_per_second);  // of each friend

  template <typename Question>
  RequestId ask(const Question& question) {
    const RequestId id{++questions_};
    step([&] { promises->ask(id, question); });
    return id;
  }
  template <typename Report>
  [[nodiscard]] std::optional<Report> answer(RequestId id) const {
    for (const core::Answer& one : answers) {
      if (one.request == id) return std::get<Report>(one.what);
    }
    return std::nullopt;
  }
  [[nodiscard]] core::PromisesReport report();
  [[nodiscard]] std::optional<core::PromiseReport> shown(core::PromiseKind kind);
  // The first of that kind.
  [[nodiscard]] bool noticed(const std::string& part) const;
  [[nodiscard]] std::size_t outcomes(core::PromiseKind kind, bool kept) const;
  [[nodiscard]] std::uint64_t leased_over(const PromiseNode& other);  // by the ledger, B/s
  [[nodiscard]] std::size_t leases();  // in the ledger, in force or to come

  // ---- CellSink: control messages only
  MutableBytes open_cell(core::LinkSlot, FlowClass, core::CellSize) override { return {}; }
  void send_cell(const core::CellHeader&) override {}
  void abandon_cell() override {}
  bool send_control(core::LinkSlot link, const wire::Control& message, Instant now) override;
  bool send_destroy(core::LinkSlot, CircuitId, wire::DestroyReason, Instant) override {
    return false;
  }
  bool send_build(core::LinkSlot, const wire::BuildFrame&, Instant) override { return false; }
  bool send_built(core::LinkSlot, const wire::BuiltFrame&, Instant) override { return false; }
  RequestId next_request() override { return {++requests_}; }
  [[nodiscard]] bool small_only(core::LinkSlot) const override { return small; }
  [[nodiscard]] core::FriendReport report(core::LinkSlot, Instant) const override {
    return friend_report;
  }
  [[nodiscard]] bool bulk_backlogged(core::LinkSlot) const override { return false; }

  // ---- Effects
  core::Frame acquire(core::Lane) override { return {}; }
  void post(const core::Frame&, const core::Posting&) override {}
  void release(const core::Frame&) override {}
  void cancel(FlowId, std::uint32_t) override {}
  void deliver(std::span<const ByteView>) override {}
  void ask(core::KeystoreRequest) override {}
  void tell(core::Report what) override;
  void ask(core::ShaperRequest request) override;
  void measured(FlowId, const core::PathSample&) override {}

  // ---- LeavingEvents
  void on_leaving(core::LinkSlot link, Instant at) override { leaving[link.value] = at; }
  void on_stays(core::LinkSlot link) override { leaving.erase(link.value); }

  const std::string name;
  const std::uint8_t number;
  std::unique_ptr<core::Promises> promises;
  shape::Ledger ledger{1'000};
  bool shaper_answers = true;
  bool shaper_sleeps = false;  // it answers when it wakes
  bool channel_full = false;
  bool small = false;
  bool deaf = false;  // what is sent to it is lost: a test speaks in its name
  core::FriendReport friend_report;
  std::vector<core::Answer> answers;
  std::vector<core::PromiseNotice> notices;
  std::vector<core::PromiseOutcome> ended;
  std::map<std::uint32_t, Instant> leaving;
  std::size_t asked_shaper = 0;

 private:
  friend class PromiseWorld;
  struct Link {
    PromiseNode* other;
    core::LinkSlot its;  // the other's slot
    bool up = false;
  };
  void revoke(const shape::Ledger::Revoked& ids);
  void principals();
  void settle();
  [[nodiscard]] core::ShaperReply decide(const core::ShaperRequest& request);

  PromiseWorld& world_;
  crypto::Drbg random_;
  std::vector<Link> links_;  // by slot; friend id = slot + 1
  std::vector<core::ShaperRequest> for_shaper_;
  std::uint64_t quota_ = 1'000'000'000;
  std::uint64_t requests_ = 0;
  std::uint64_t questions_ = 0;
};

class PromiseWorld {
 public:
  PromiseNode& add(std::string name);
  void befriend(PromiseNode& one, PromiseNode& other);
  // And their link is up.
  void up(PromiseNode& one, PromiseNode& other, core::Boot boot = core::Boot::Same);
  void down(PromiseNode& one, PromiseNode& other);
  void run(Duration time);
  void send(PromiseNode& from, PromiseNode& to, const wire::Control& message);
  // As if `from` had said it.

  Instant now{1'000'000'000};
  [[nodiscard]] crypto::Drbg& random() { return random_; }
  std::vector<wire::Control> said;  // everything that was sent, newest last
  std::function<bool(const wire::Control&)> passes = [](const wire::Control&) { return true; };
  template <typename Message>
  [[nodiscard]] std::size_t count() const {
    std::size_t out = 0;
    for (const wire::Control& one : said) out += std::holds_alternative<Message>(one.message);
    return out;
  }
  template <typename Message>
  [[nodiscard]] std::optional<Message> last() const {
    for (auto one = said.rbegin(); one != said.rend(); ++one) {
      if (const auto* found = std::get_if<Message>(&one->message)) return *found;
    }
    return std::nullopt;
  }

 private:
  friend class PromiseNode;
  struct Mail {
    PromiseNode* to;
    core::LinkSlot slot;
    wire::Control message;
  };
  void carry();
  enum class Mailbags : std::uint8_t { Carried, Held } mailbags_ = Mailbags::Carried;
  PromiseNode::Link* link(PromiseNode& from, const PromiseNode& to);

  std::vector<std::unique_ptr<PromiseNode>> nodes_;
  crypto::Drbg random_{ByteArray<32>{9}};
  std::deque<Mail> mail_;
  rpc::ControlCodec codec_;
};

[[nodiscard]] core::ReserveQuery some_of(const PromiseNode& whom, std::uint32_t payload_rate);
// Realtime, both ways, packets of 83 bytes, ten minutes from now.
[[nodiscard]] Address address_of(const PromiseNode& node);

}  // namespace covfefe::test
