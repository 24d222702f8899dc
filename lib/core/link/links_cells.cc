// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "core/link/links_parts.h"

namespace covfefe::core {

// ---- CellSink ----------------------------------------------------------------------------------

MutableBytes Links::open_cell(LinkSlot link, FlowClass as, CellSize size) {
  Parts& p = *parts_;
  CHECK(p.open.link == nullptr);
  Link* to = p.at(link.value);
  if (to == nullptr) return {};
  as = to->really(as);
  const Frame frame = to->reserve(as, size);
  if (frame.bytes.empty()) return {};
  const std::size_t onion = size == CellSize::Large ? wire::kLargeOnion : wire::kSmallOnion;
  p.open = {to, as, onion, frame};
  return MutableBytes(p.desk.cell_onion).first(onion);
}

void Links::send_cell(const CellHeader& header) {
  Parts& p = *parts_;
  CHECK(p.open.link != nullptr && header.circuit.value != 0);
  const Parts::Open open = std::exchange(p.open, {});
  open.link->send_cell(open.as, header, ByteView(p.desk.cell_onion).first(open.onion), open.frame);
}

void Links::abandon_cell() {
  Parts& p = *parts_;
  CHECK(p.open.link != nullptr);
  const Parts::Open open = std::exchange(p.open, {});
  p.desk.effects->release(open.frame);
}

bool Links::send_control(LinkSlot link, const wire::Control& message, Instant) {
  Link* to = parts_->at(link.value);
  return to != nullptr && to->send_control(message);
}

bool Links::send_destroy(LinkSlot link, CircuitId circuit, wire::DestroyReason reason, Instant) {
  Link* to = parts_->at(link.value);
  return to != nullptr && to->send_destroy(circuit, reason);
}

bool Links::send_build(LinkSlot link, const wire::BuildFrame& build, Instant) {
  Link* to = parts_->at(link.value);
  return to != nullptr && to->send_large(build);
}

bool Links::send_built(LinkSlot link, const wire::BuiltFrame& built, Instant) {
  Link* to = parts_->at(link.value);
  return to != nullptr && to->send_large(built);
}

bool Links::small_only(LinkSlot link) const {
  const Link* to = parts_->at(link.value);
  return to != nullptr && to->small_only();
}

bool Links::bulk_backlogged(LinkSlot link) const {
  const Link* to = parts_->at(link.value);
  return to == nullptr || to->backlogged(FlowClass::Bulk);
}

bool Links::relayed_backlogged(LinkSlot link) const {
  const Link* to = parts_->at(link.value);
  return to == nullptr || to->backlogged(FlowClass::Relayed);
}

// ---- questions ---------------------------------------------------------------------------------

FriendReport Links::report(LinkSlot link, Instant now) const {
  const Link* to = parts_->at(link.value);
  return to == nullptr ? FriendReport{} : to->report(now);
}

std::optional<LinkSlot> Links::find(FriendId id) const {
  const auto found = parts_->by_id.find(id);
  if (found == parts_->by_id.end()) return std::nullopt;
  return LinkSlot{found->second};
}

void Links::explain(LinkSlot link, Instant now, std::vector<Finding>& out) const {
  if (const Link* to = parts_->at(link.value)) to->explain(now, out);
}

std::uint64_t Links::heeded() const {
  return parts_->desk.counters.heeded;
}

void Links::count(std::vector<Counter>& out) const {
  const LinkCounters& c = parts_->desk.counters;
  out.insert(out.end(), {{"link.datagrams_in", c.datagrams_in},
                         {"link.wrong_length", c.wrong_length},
                         {"link.wrong_type", c.wrong_type},
                         {"link.wrong_source", c.wrong_source},
                         {"link.unknown_index", c.unknown_index},
                         {"link.forged", c.forged},
                         {"link.replayed", c.replayed},
                         {"link.expired", c.expired},
                         {"link.malformed", c.malformed},
                         {"link.handshakes_refused", c.handshakes_refused},
                         {"link.cookies_sent", c.cookies_sent},
                         {"link.handshakes_made", c.handshakes_made},
                         {"link.rekeys_made", c.rekeys_made},
                         {"link.roamed", c.roamed},
                         {"link.no_frame", c.no_frame},
                         {"link.window_full", c.window_full},
                         {"link.unsent", c.unsent},
                         {"link.spares_sent", c.spares_sent},
                         {"link.reports_in", c.reports_in},
                         {"link.handshakes_waiting", parts_->doorman.waiting()}});
}

}  // namespace covfefe::core
