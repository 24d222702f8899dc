// SPDX-License-Identifier: Apache-2.0
#include "line.h"

#include <algorithm>

namespace covfefe::shaper {
namespace {

constexpr std::uint32_t kUdpIpv4 = 28;
constexpr std::uint32_t kUdpIpv6 = 48;
constexpr std::uint32_t kLinks = os::kFlows / kFlowsPerLink;
constexpr std::uint64_t kBacklogMost = 1 << 20;
constexpr std::uint32_t kStrangers = 0;  // the link whose flows are answers to strangers

shape::Limits limits_with(std::uint64_t seed) {
  shape::Limits out;
  out.flows = os::kFlows;
  out.items = os::kFrames;
  // The router stops at the backlog limit with a batch under way and a ring that is not empty.
  out.flow_bytes = 2 * kBacklogMost + (256 << 10);
  out.seed = seed;
  return out;
}

std::uint32_t headers_to(const Endpoint& to) {
  return to.ip.is_mapped_v4() ? kUdpIpv4 : kUdpIpv6;
}

// Only cells of circuits make a friend report (Step R9), and not those of lane 3.
bool is_mute(FlowId flow) {
  const std::uint8_t lane = lane_index(class_of(flow));
  return link_of(flow) == kStrangers || lane == 0 || lane == 3;
}

shape::Pace pace_of(const os::Descriptor& posted) {
  return posted.extra == static_cast<std::uint8_t>(os::RingPace::Slot) ? shape::Pace::Slot
                                                                       : shape::Pace::Now;
}

// The lesser of two limits of which 0 is none.
std::uint64_t tighter(std::uint64_t a, std::uint64_t b) {
  if (a == 0 || b == 0) return a + b;
  return std::min(a, b);
}

bool differs(std::uint64_t before, std::uint64_t now) {
  if ((before == 0) != (now == 0)) return true;
  const std::uint64_t step = std::max(before, now) - std::min(before, now);
  return step > before / 32;
}

}  // namespace

std::uint32_t backlog_limit(std::uint64_t bytes_per_second) {
  if (bytes_per_second == 0) return kBacklogMost;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(bytes_per_second / 20, 16 << 10, kBacklogMost));
}

Line::Line(const Start& start)
    : uplink_(start.uplink),
      scheduler_(limits_with(start.seed)),
      capacity_(kLinks, start.uplink.capacity, start.now),
      heads_(os::kFrames),
      plans_(kLinks),
      caps_(kLinks, 0) {
  capacity_.step({}, start.now);
  follow(capacity_.estimate());
}

void Line::attach(os::ShaperEnd end, Instant now) {
  forget();
  capacity_.begin_anew(now);  // another router has none of the old links
  consumer_.attach(std::move(end));
  consumer_.set_backlog_limit(backlog_limit(rate_));
}

void Line::detach(std::string_view why) {
  consumer_.detach(why);
  forget();
}

void Line::forget() {
  scheduler_.clear();
  due_ = done_ = 0;
}

// ---- settings -----------------------------------------------------------------------------------

void Line::apply(const Changes& changes, Instant now) {
  if (changes.uplink) {
    uplink_ = *changes.uplink;
    capacity_.configure(uplink_.capacity, now);
  }
  if (changes.recalled) capacity_.recall(*changes.recalled);
  if (changes.promised) promised_ = *changes.promised;
  if (changes.control) scheduler_.set_control(*changes.control);
  for (std::size_t i = 0; i < shape::kLevels; ++i) {
    if (!changes.levels[i]) continue;
    scheduler_.set_level(static_cast<shape::Level>(i), changes.levels[i]->share);
    scheduler_.set_scale(static_cast<shape::Level>(i), changes.levels[i]->scale);
  }
  for (const std::uint32_t slot : changes.gone) {
    scheduler_.remove_link(slot);
    capacity_.forget(slot);
    plans_[slot] = {};
    caps_[slot] = 0;
  }
  for (const LinkSetting& link : changes.links) {
    plans_[link.slot] = link.plan;
    set_link(link.slot);
    scheduler_.set_lease(link.slot, link.lease);
  }
  learn(now);
}

void Line::set_link(std::uint32_t slot) {
  shape::LinkPlan plan = plans_[slot];
  plan.share.cap = tighter(plan.share.cap, caps_[slot]);
  scheduler_.set_link(slot, plan);
}

// ---- datagrams ----------------------------------------------------------------------------------

std::size_t Line::intake(Instant now) {
  const std::size_t count = consumer_.take(taken_);
  for (std::size_t i = 0; i < count; ++i) {
    const os::Descriptor& posted = taken_[i];
    if (posted.op == os::RingOp::Cancel) {
      cancel(posted);
    } else if (posted.op == os::RingOp::Report) {
      report(posted, now);
    } else if (!accept(posted, now)) {
      return 0;
    }
  }
  return count;
}

bool Line::accept(const os::Descriptor& posted, Instant now) {
  os::FrameHead& head = heads_[posted.frame];
  if (!consumer_.open_head(posted, head)) return false;
  const std::uint32_t wire = posted.length + headers_to(head.to) + uplink_.overhead;
  const shape::Item item{posted.frame, posted.flow, posted.epoch, posted.length,
                         static_cast<std::uint16_t>(wire)};
  if (scheduler_.enqueue(item, pace_of(posted), now) == shape::Admission::Queued) {
    consumer_.set_backlog(posted.flow, scheduler_.payload_of(posted.flow));
    return true;
  }
  ++counters_.dropped;
  consumer_.complete(posted.frame, os::SendStatus::Dropped, now);
  return true;
}

void Line::report(const os::Descriptor& posted, Instant now) {
  const os::PathReport from = os::report_of(posted);
  ++counters_.reports;
  if (from.delivered == 0) return capacity_.hear(now);
  const std::uint32_t link = link_of(posted.flow);
  const std::uint64_t sent = scheduler_.of_link(link).sent_bytes;
  capacity_.report(link,
                   {from.delivered, from.interval, from.queue, from.rtt, from.lost,
                    std::max(sent, std::uint64_t{1})},
                   now);
}

void Line::cancel(const os::Descriptor& order) {
  std::array<shape::Item, 64> older;
  std::size_t count = older.size();
  while (count == older.size()) {
    count = scheduler_.cancel(order.flow, order.epoch, older);
    for (std::size_t i = 0; i < count; ++i) complete(older[i], os::SendStatus::Cancelled, {});
    counters_.cancelled += count;
  }
}

void Line::complete(const shape::Item& item, os::SendStatus status, Instant now) {
  consumer_.complete(item.frame, status, now);
  consumer_.set_backlog(item.flow, scheduler_.payload_of(item.flow));
}

void Line::decide(Instant now) {
  const std::size_t count = scheduler_.dequeue(now, decisions_);
  due_ = done_ = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const shape::Item& item = decisions_[i].item;
    if (decisions_[i].verdict == shape::Verdict::Drop) {
      ++counters_.dropped;
      complete(item, os::SendStatus::Dropped, now);
      continue;
    }
    const os::FrameHead& head = heads_[item.frame];
    const std::uint32_t counted = item.length + headers_to(head.to);
    charged_ += counted;  // as friends count, who know no link.overhead
    if (link_of(item.flow) == kStrangers) strange_ += counted;
    if (is_mute(item.flow)) mute_ += counted;
    os::Descriptor posted;
    posted.frame = item.frame;
    posted.length = item.length;
    items_[due_] = item;
    out_[due_++] = {consumer_.datagram(posted), head.to, head.from, head.from_interface,
                    head.socket};
  }
}

std::span<const os::OutDatagram> Line::due(Instant now) {
  if (!consumer_.attached()) return {};
  if (done_ == due_) decide(now);
  return std::span(out_).first(due_).subspan(done_);
}

void Line::sent(std::span<const bool> sent, Instant now) {
  for (const bool left : sent) {
    const shape::Item& item = items_[done_++];
    if (left) counters_.wire_bytes += item.wire;
    complete(item, left ? os::SendStatus::Sent : os::SendStatus::Refused, now);
  }
}

// ---- the estimate -------------------------------------------------------------------------------

void Line::learn(Instant now) {
  const bool waits = scheduler_.queued() != 0 && !scheduler_.clock().free(now);
  capacity_.step({charged_, promised_, waits, strange_, mute_}, now);
  follow(capacity_.estimate());
  for (shape::LinkCap cap; capacity_.take_cap(cap);) {
    caps_[cap.link] = cap.rate;
    set_link(cap.link);
  }
}

void Line::follow(const shape::CapacityEstimate& estimate) {
  if (rate_ == estimate.rate) return;
  rate_ = estimate.rate;
  scheduler_.set_rate(rate_);
  consumer_.set_backlog_limit(backlog_limit(rate_));
}

bool Line::take_news(CapacityNews& out) {
  const shape::CapacityEstimate& now = capacity_.estimate();
  if (!differs(told_.capacity, now.settled) && !differs(told_.low_water, now.low_water)) {
    return false;
  }
  out = told_ = {now.settled, now.low_water};
  return true;
}

void Line::fill(Figures& figures, std::size_t first, std::size_t count) const {
  if (first == 0) {
    figures.estimate = capacity_.estimate();
    for (std::size_t i = 0; i < shape::kAccounts; ++i) {
      figures.accounts[i] = scheduler_.of(static_cast<shape::Account>(i));
    }
  }
  const std::size_t end = std::min(figures.links.size(), first + count);
  for (std::size_t i = first; i < end; ++i) {
    LinkFigures& link = figures.links[i];
    link.all = scheduler_.of_link(link.slot);
    link.spares = scheduler_.spares_sent(link.slot);
    for (std::uint32_t as = 0; as < kFlowClasses; ++as) {
      link.sent[as] = scheduler_.of(flow_of(link.slot, static_cast<FlowClass>(as))).sent_bytes;
    }
  }
}

}  // namespace covfefe::shaper
