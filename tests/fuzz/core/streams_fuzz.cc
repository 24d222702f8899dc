// SPDX-License-Identifier: Apache-2.0
// The legs of one session against a far end that says anything: acknowledgements of what was never
// sent, cells in any order by any leg, gaps, floods, and legs that come and go. One byte chooses
// what happens, the next ones with what numbers.
#include <memory>

#include "base/bug.h"
#include "core/stream/bundle.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

struct Out final : OrderedCells {
  std::size_t bytes = 0;
  void on_ordered(ByteView plain) override { bytes += plain.size(); }
};

class Session {
 public:
  explicit Session(Reader in) : in_(in) { set_legs(0b1011); }

  void run() {
    while (in_.remaining() > 0 && !in_.failed()) act(in_.le<std::uint8_t>());
    now_ = now_ + Duration::seconds(1);
    bundle_.reorder().tick(now_, out_);
    if (bundle_.reorder().held() != 0) bug("held for ever");
    if (out_.bytes != came_) bug("not everything came out once");
  }

 private:
  void act(std::uint8_t what) {
    const CircuitId leg{1U + (what >> 4 & 3)};
    now_ = now_ + Duration::micros(in_.le<std::uint8_t>() * std::int64_t{400});
    switch (what & 7) {
      case 0:
        return send(leg);
      case 1:
        return acknowledge(leg);
      case 2:
        return order(leg);
      case 3:
        return come(leg);
      case 4:
        return set_legs(in_.le<std::uint8_t>());
      case 5:
        return pick();
      default:
        return tend();
    }
  }

  void send(CircuitId leg) {
    Strand* strand = bundle_.find(leg);
    if (strand == nullptr) return;
    const std::uint8_t how = in_.le<std::uint8_t>();
    const Wants wants = (how & 1) != 0 ? Wants::Acknowledgement : Wants::Nothing;
    strand->meter.sent({sent_[leg.value]++, 256, wants}, now_);
    const ByteArray<wire::kSmallBody> body{how};
    if ((how & 2) != 0) bundle_.keep(body, leg, now_);
  }

  void acknowledge(CircuitId by) {
    wire::InnerAck ack;
    const std::uint8_t how = in_.le<std::uint8_t>();
    ack.delay = in_.le<std::uint16_t>();
    ack.received = in_.le<std::uint32_t>();
    ack.newest = (how & 1) != 0 ? sent_[1 + (how >> 1 & 3)] - (how >> 3) : in_.le<std::uint64_t>();
    ack.seen = in_.le<std::uint64_t>();
    bundle_.acknowledged(ack, by, now_);
  }

  void order(CircuitId leg) {
    const std::uint8_t step = in_.le<std::uint8_t>();
    // The end-to-end window lets every count pass once: an ever larger one, or one below.
    highest_ += std::uint64_t{1} + (step < 250 ? step % 9 : in_.le<std::uint32_t>());
    const ByteArray<100> plain{};
    const std::size_t size = 1 + step % 99;
    bundle_.reorder().came({leg, highest_, ByteView(plain).first(size)}, now_, out_);
    came_ += size;
    if (bundle_.reorder().held() > Reorder::kCells) bug("more held than there is room for");
    const Instant deadline = bundle_.reorder().next_deadline();
    if (!deadline.is_never() && deadline > now_ + Reorder::kMostWait) bug("waits too long");
  }

  void come(CircuitId leg) {
    Strand* strand = bundle_.find(leg);
    if (strand == nullptr) return;
    const std::uint64_t jump = in_.le<std::uint16_t>();
    strand->book.came(came_at_[leg.value] += jump, Wants::Acknowledgement, now_);
    if (!strand->book.pending()) bug("asked for and not pending");
  }

  void pick() {
    const auto traffic = static_cast<TrafficClass>(in_.le<std::uint8_t>() % 3);
    for (const CircuitId leg : bundle_.pick({traffic, 1400}, {})) {
      if (bundle_.find(leg) == nullptr) bug("picked a leg that is not there");
    }
  }

  void tend() {
    bundle_.used(now_);
    bundle_.tick(now_);
    bundle_.reorder().tick(now_, out_);
    for (std::size_t n = 0; bundle_.resend(now_); ++n) {
      if (n > Resend::kBodies) bug("more to resend than was kept");
    }
    for (std::size_t n = 0; bundle_.unprobed(now_).value != 0; ++n) {
      if (n > Bundle::kLegs) bug("probes without end");
    }
    for (CircuitId leg; (leg = bundle_.unacknowledged(now_)).value != 0;) {
      (void)bundle_.find(leg)->book.take(now_);
    }
    const Instant next = bundle_.next_deadline();
    if (!next.is_never() && next <= now_) bug("due again at once");
  }

  void set_legs(std::uint8_t which) {
    InlineVec<Bundle::Leg, 4> legs;
    for (std::uint32_t i = 0; i < 4; ++i) {
      if ((which >> i & 1) == 0) continue;
      if (bundle_.find(CircuitId{1 + i}) == nullptr) sent_[1 + i] += 1'000'000'007;
      legs.push_back({CircuitId{1 + i}, Duration::millis(5 * i), (which >> (4 + i) & 1) == 0});
    }
    bundle_.set_legs(legs.view());
  }

  Reader in_;
  Instant now_{1'000'000'000'000};
  ReorderPool pool_;
  Bundle bundle_{pool_};
  Out out_;
  std::array<std::uint64_t, 5> sent_{};
  std::array<std::uint64_t, 5> came_at_{};
  std::uint64_t highest_ = 0;
  std::size_t came_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto session = std::make_unique<Session>(Reader({data, size}));
  session->run();
  return 0;
}
