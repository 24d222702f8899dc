// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/link/link.h"

namespace covfefe::core {
namespace {

constexpr std::uint32_t kHeaderV4 = 28;  // IP and UDP around a datagram
constexpr std::uint32_t kHeaderV6 = 48;
constexpr std::int64_t kSlotsPerReport = 4;

bool is_v4(const Address& ip) {
  static constexpr Address kPrefix{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
  return std::equal(ip.bytes.begin(), ip.bytes.begin() + 12, kPrefix.bytes.begin());
}

std::uint32_t micros(Duration d) {
  constexpr std::int64_t kMost = wire::kNothingHeld - 1;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(d.nanoseconds / 1'000, 0, kMost));
}

}  // namespace

// ---- the idle lane ------------------------------------------------------------------------------

void Link::idle_changed() {
  // Step R1.
  slots_.ours = friend_.idle;
  if (!up_) return;
  if (!slots_.flows()) renew_spares();
  send_hello();
  desk_.tend = true;
}

Pace Link::waiting() const {
  // Step R3.
  const bool crowded = ledger_.of(FlowClass::Control).unsent() >= Slots::kWaitingMost;
  return slots_.flows() && !crowded ? Pace::Slot : Pace::Now;
}

bool Link::overdue() const {
  return slots_.friend_flows() && desk_.now - last_heard_ >= Slots::kSignOfLife;
}

wire::AnswerPace Link::probe_pace() const {
  // Step R6.
  return overdue() ? wire::AnswerPace::AtOnce : slots_.pace(desk_.now);
}

void Link::renew_spares() {
  // Step R4.
  const FlowLedger& flow_ledger = ledger_.of(FlowClass::Spare);
  if (flow_ledger.unsent() == 0) return;
  desk_.effects->cancel(flow(FlowClass::Spare), spares_.renew(flow_ledger));
  touch();
}

void Link::refill() {
  if (!up_ || !slots_.flows()) return;
  const FlowLedger& stock = ledger_.of(FlowClass::Spare);
  for (std::uint64_t n = spares_.wanted(stock); n > 0; --n) {
    if (desk_.spares >= Spares::kAllMost || !spares_.take(desk_.now)) return;
    spares_.sealing(desk_.now, stock);
    const Errand errand{paths_.control(), CellSize::Small, Pace::Now, FlowClass::Spare};
    if (!send_frame(wire::PadFrame{}, errand)) return;
    ++desk_.spares;
  }
}

void Link::tend() {
  if (overdue() && !paths_.asking()) {
    paths_.probe_now(desk_.now);
    run_probes();
    touch();
  }
  if (!up_ || !slots_.flows()) return;
  if (spares_.stale(desk_.now, ledger_.of(FlowClass::Spare))) renew_spares();
  refill();
  const Duration pause = slot_period(slots_.ours) * kSlotsPerReport;
  const bool nothing_waits = ledger_.of(FlowClass::Control).unsent() == 0;
  if (nothing_waits && slots_.silent(desk_.now) && desk_.now - duty_.last() >= pause) {
    send_report(Pace::Slot);
  }
}

// ---- reports ------------------------------------------------------------------------------------

void Link::moved(std::size_t bytes) {
  if (duty_.moved(bytes, desk_.now)) touch();
}

Instant Link::report_due() const {
  // Step R9.
  const Duration pause = std::max(rtt_.smoothed(), meter_.unechoed(duty_.last())) / 4;
  return duty_.due(pause);
}

void Link::send_report(Pace pace) {
  // Step R8.
  wire::ReportFrame report;
  report.stamp = meter_.stamp(desk_.now);
  report.heard = micros(desk_.now - last_heard_);
  report.cells = static_cast<std::uint32_t>(rx_cells_);
  report.bytes = rx_bytes_ - rx_cells_ * kHeaderV6;
  report.pace = pace == Pace::Now ? wire::AnswerPace::AtOnce : wire::AnswerPace::InSlot;
  if (!peer_stamp_.at.is_never()) {
    report.echo = peer_stamp_.stamp;
    report.held = micros(desk_.now - peer_stamp_.at);
    report.cells_at_echo = peer_stamp_.cells;
  }
  duty_.sent(desk_.now);
  const std::uint64_t ordinal = ledger_.of(FlowClass::Control).posted() & FlowLedger::kOrdinalMask;
  if (!send_frame(report, {paths_.control(), CellSize::Small, pace})) return;
  meter_.posted({desk_.now, ordinal, pace == Pace::Now});
}

void Link::read_frame(const wire::ReportFrame& frame, const Session&, const Arrival&) {
  // Steps R10 to R13.
  ++desk_.counters.reports_in;
  const bool newer =
      peer_stamp_.at.is_never() || static_cast<std::int32_t>(frame.stamp - peer_stamp_.stamp) > 0;
  if (newer) peer_stamp_ = {frame.stamp, static_cast<std::uint32_t>(rx_cells_), desk_.now};
  const std::uint32_t header = is_v4(paths_.control().to.ip) ? kHeaderV4 : kHeaderV6;
  const auto reading = meter_.read(frame, desk_.now, {rtt_.smoothed(), header, sealed_});
  if (reading.rtt) rtt_.sample(*reading.rtt);
  if (reading.began) desk_.effects->measured(flow(FlowClass::Control), {});
  if (reading.sample) desk_.effects->measured(flow(FlowClass::Control), *reading.sample);
}

}  // namespace covfefe::core
