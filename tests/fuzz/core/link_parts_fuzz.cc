// SPDX-License-Identifier: Apache-2.0
// What a friend can do to the control channel, to reassembly and to what is measured of the way to
// it with authentic cells of its own making: any frames, in any order. The input is a script of
// bodies of S cells; between them one byte says how much time passes. Messages must come out in
// order, each once.
#include <cstdlib>
#include <string>

#include "core/link/control_channel.h"
#include "core/link/fragments.h"
#include "core/link/path_meter.h"
#include "wire/link_frames.h"

using namespace covfefe;
using namespace covfefe::core;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Target {
  ControlChannel channel;
  Reassembly reassembly;
  PathMeter meter{0};
  Instant now{Duration::seconds(1).nanoseconds};
  std::uint32_t reports = 0;
  std::size_t popped = 0;
  std::size_t sent = 0;

  void take(const wire::ControlFrame& frame) {
    (void)channel.receive(frame);
    while (const auto message = channel.pop()) {
      ++popped;
      require(!message->empty() && message->size() <= wire::kControlMostLarge);
    }
    if (channel.send(bytes_of("answer"), now)) ++sent;
    for (int i = 0; i < 40; ++i) {
      const auto due = channel.due(now);
      if (!due) return;
      require(due->ack == popped);
      channel.sent(*due, now, Duration::millis(50));
    }
    std::abort();  // something stays due for ever
  }
  void take(const wire::FragFrame& frame) {
    const ByteView whole = reassembly.add(frame.id & 1, frame, now);
    if (whole.empty()) return;
    require(whole.size() == wire::kFragmentedCell);
    require(fragmented_onion(whole).size() == wire::kLargeOnion);
  }
  void take(const wire::ReportFrame& frame) {
    meter.posted({now, reports, reports % 3 != 0});
    if (reports % 2 == 0) meter.left(reports, now, reports + 1);
    ++reports;
    const auto reading = meter.read(frame, now, {Duration::millis(20), 48, 1'000'000});
    require(meter.loss() <= 10'000 && meter.queue() >= Duration{});
    if (reading.rtt) require(*reading.rtt > Duration{});
    if (!reading.sample) return;
    const PathSample& sample = *reading.sample;
    require(sample.interval > Duration{} && sample.interval <= PathMeter::kIntervalMost);
    require(sample.queue >= Duration{} && sample.queue <= PathMeter::kQueueMost);
    require(sample.delivered <= 1'000'000u * 1'448u);
  }
  template <typename Other>
  void take(const Other&) {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Target target;
  Reader in(ByteView(data, size));
  while (in.remaining() > 0) {
    target.now = target.now + Duration::millis(in.le<std::uint8_t>());
    ByteArray<wire::kSmallBody> body{};
    copy(in.take(std::min<std::size_t>(in.remaining(), body.size())), body);
    const auto frame = wire::parse_link_frame(body);
    if (frame) std::visit([&](const auto& f) { target.take(f); }, *frame);
  }
  return 0;
}
