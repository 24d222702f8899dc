// SPDX-License-Identifier: Apache-2.0
// Goal: the real covfefe-shaper, jailed, sends what a router posts, keeps to its rate, rests when
// idle, drops a router that breaks the rules, and can be killed at any time.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <poll.h>
#include <schema/shaper.capnp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "os/clock.h"
#include "rpc/client.h"
#include "shaper_node.h"

namespace covfefe {
namespace {

using os::SendStatus;
using tests::AtOnce;
using tests::holds_once;
using tests::ShaperNode;

constexpr FlowId kLink{0};
constexpr FlowId kRealtime{5};
constexpr FlowId kBulk{2};

std::size_t count_of(const std::vector<os::FrameCompletion>& all, SendStatus status) {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const auto& one) { return one.status == status; }));
}

void send_and_expect(ShaperNode& node, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) REQUIRE(node.post(kBulk, 1'400, first + i));
  node.ring.flush();
  const auto done = node.collect(count);
  REQUIRE(done.size() == count);
  CHECK(count_of(done, SendStatus::Sent) == count);
  for (std::uint64_t i = 0; i < count; ++i) CHECK(done[i].tag == first + i);
  const auto arrived = node.arrived(count);
  REQUIRE(arrived.size() == count);
  for (std::uint64_t i = 0; i < count; ++i) CHECK(arrived[i] == first + i);
}

schema::ShaperStatus::Reader status_of(rpc::Client& client, capnp::MallocMessageBuilder& keep) {
  auto response =
      client.call(client.as<schema::ShaperOperator>().statusRequest(), Duration::seconds(5));
  REQUIRE(response.ok());
  keep.setRoot(response->getStatus());
  return keep.getRoot<schema::ShaperStatus>();
}

TEST_CASE("datagrams of every lane leave through the real process") {
  ShaperNode node("unlimited");
  REQUIRE(node.attach());
  send_and_expect(node, 1'000, 200);
  for (std::uint64_t i = 0; i < 20; ++i) {
    REQUIRE(node.post(i % 2 == 0 ? kLink : kRealtime, 256, i));
  }
  node.ring.flush();
  CHECK(count_of(node.collect(20), SendStatus::Sent) == 20);
  auto arrived = node.arrived(20);
  std::sort(arrived.begin(), arrived.end());
  REQUIRE(arrived.size() == 20);
  for (std::uint64_t i = 0; i < 20; ++i) CHECK(arrived[i] == i);
}

TEST_CASE("a kill -9 loses what was posted and nothing else") {
  ShaperNode node("8 kbit/s");  // slow: most of it is still queued when the shaper dies
  REQUIRE(node.attach());
  for (std::uint64_t i = 0; i < 50; ++i) REQUIRE(node.post(kBulk, 1'400, i));
  node.ring.flush();
  REQUIRE(node.collect(1).size() >= 1);
  node.kill();
  REQUIRE(node.hung_up());
  CHECK_FALSE(node.ring.attached());
  const std::size_t before = node.arrived(2).size();
  node.start();
  REQUIRE(node.attach());
  CHECK(node.ring.free_frames() == os::kFrames);
  REQUIRE(node.post(kLink, 256, 777));
  node.ring.flush();
  const auto done = node.collect(1);
  REQUIRE(done.size() == 1);
  CHECK(done[0].tag == 777);
  const auto after = node.arrived(1);
  REQUIRE(after.size() == 1);
  CHECK(after[0] == 777);  // nothing posted to the dead one came out of the new one
  CHECK(before <= 3);
}

TEST_CASE("ten kills in a row and the eleventh shaper works") {
  ShaperNode node("unlimited");
  for (std::uint64_t round = 0; round < 10; ++round) {
    REQUIRE(node.attach());
    for (std::uint64_t i = 0; i < 300; ++i) (void)node.post(kBulk, 1'400, i);
    node.ring.flush();
    node.kill();
    REQUIRE(node.hung_up());
    node.start();
  }
  REQUIRE(node.attach());
  REQUIRE(node.post(kLink, 256, 4'242));
  node.ring.flush();
  CHECK(count_of(node.collect(1), SendStatus::Sent) == 1);
}

// 200 datagrams of bulk and one of control: how long they took.
Duration send_beside_control(ShaperNode& node) {
  const Instant start = os::monotonic_now();
  {
    const AtOnce together(node);
    for (std::uint64_t i = 0; i < 200; ++i) REQUIRE(node.post(kBulk, 1'400, i));
    REQUIRE(node.post(kLink, 256, 9'999));
  }
  const auto done = node.collect(201);
  const Duration took = os::monotonic_now() - start;
  REQUIRE(done.size() == 201);
  // 200 x 1,428 wire bytes at 1.25 MB/s are 228 ms; two cells of burst are free.
  CHECK(took.as_millis() > 224);
  const auto control =
      std::find_if(done.begin(), done.end(), [](const auto& one) { return one.tag == 9'999; });
  CHECK(control - done.begin() < 4);
  return took;
}

TEST_CASE("the rate holds and control does not wait behind bulk") {
  ShaperNode node("10 Mbit/s");
  REQUIRE(node.attach());
  CHECK(holds_once([&] { return send_beside_control(node) < Duration::seconds(1); }));
}

TEST_CASE("cancel completes what is queued under an older epoch unsent") {
  ShaperNode node("8 kbit/s");
  REQUIRE(node.attach());
  for (std::uint64_t i = 0; i < 40; ++i) REQUIRE(node.post(kBulk, 1'400, i));
  node.ring.cancel(kBulk, 1);
  node.ring.flush();
  const auto done = node.collect(40);
  REQUIRE(done.size() == 40);
  CHECK(count_of(done, SendStatus::Cancelled) >= 37);
}

TEST_CASE("what the kernel refuses comes back refused and hurts nothing") {
  ShaperNode node("unlimited");
  REQUIRE(node.attach());
  REQUIRE(node.post_to(*parse_endpoint("255.255.255.255:9"), kBulk, 1));
  REQUIRE(node.post_to(*parse_endpoint("[2001:db8::1]:9"), kBulk, 2));
  REQUIRE(node.post(kBulk, 1'400, 3));
  node.ring.flush();
  const auto done = node.collect(3);
  REQUIRE(done.size() == 3);
  CHECK(count_of(done, SendStatus::Refused) == 2);
  CHECK(node.arrived(1) == std::vector<std::uint64_t>{3});
}

TEST_CASE("a router that breaks the rules is dropped and may come back") {
  ShaperNode node("unlimited");
  REQUIRE(node.attach());
  node.memory->bulk_tail.value = os::kBulkSlots + 7;
  REQUIRE(node.post(kLink, 256, 1));
  node.ring.flush();
  REQUIRE(node.hung_up());
  REQUIRE(node.attach());
  send_and_expect(node, 50, 10);
  rpc::CallResult<std::unique_ptr<rpc::Client>> client =
      rpc::Client::connect(node.operator_socket, Duration::seconds(5));
  REQUIRE(client.ok());
  auto inspection = (*client)->call((*client)->as<schema::ShaperOperator>().inspectRequest(),
                                    Duration::seconds(5));
  REQUIRE(inspection.ok());
  const auto report = inspection->getInspection();
  CHECK(report.getService() == "shaper");
  CHECK(report.getJail().getSeccomp() == 2);
  CHECK(report.getJail().getCapabilities() == 0);
  std::uint64_t violations = 0;
  for (const auto counter : report.getCounters()) {
    if (counter.getName() == "ring_violations") violations = counter.getValue();
  }
  CHECK(violations == 1);
}

TEST_CASE("the operator reads the rate, the queue and what was sent") {
  ShaperNode node("8 kbit/s");
  REQUIRE(node.attach());
  {
    const AtOnce together(node);
    for (std::uint64_t i = 0; i < 30; ++i) REQUIRE(node.post(kBulk, 1'400, i));
  }
  REQUIRE(node.collect(2).size() >= 2);
  auto client = rpc::Client::connect(node.operator_socket, Duration::seconds(5));
  REQUIRE(client.ok());
  capnp::MallocMessageBuilder keep;
  const auto status = status_of(**client, keep);
  CHECK(status.getAttached());
  CHECK(status.getRateBps() == 8'000);
  CHECK(status.getSentDatagrams() >= 2);
  CHECK(status.getSentBytes() == status.getSentDatagrams() * 1'428);
  CHECK(status.getQueuedDatagrams() + status.getSentDatagrams() == 30);
  CHECK(status.getFlows() == 1);
}

TEST_CASE("an idle shaper does not wake up") {
  ShaperNode node("10 Mbit/s");
  REQUIRE(node.attach());
  // Sent or, if the shaper could not run for a while, too old.
  for (std::uint64_t i = 0; i < 20; ++i) REQUIRE(node.post(kBulk, 1'400, i));
  node.ring.flush();
  REQUIRE(node.collect(20).size() == 20);
  // Until it has gone to rest: nothing to wait for but the absence of change.
  CHECK(holds_once([&] {
    const std::uint64_t before = node.context_switches();
    ::poll(nullptr, 0, 1'000);
    return node.context_switches() == before;
  }));
}

std::uint64_t counter_of(rpc::Client& client, std::string_view name) {
  auto response =
      client.call(client.as<schema::ShaperOperator>().inspectRequest(), Duration::seconds(5));
  REQUIRE(response.ok());
  for (const auto counter : response->getInspection().getCounters()) {
    if (counter.getName() == name.data()) return counter.getValue();
  }
  return 0;
}

// Ten datagrams every 200 us, as a router does that is woken for each few packets; completions are
// read every 4 ms.
std::uint64_t post_steadily(ShaperNode& node, Duration span) {
  std::vector<os::FrameCompletion> done(os::kFrames);
  const Instant start = os::monotonic_now();
  std::uint64_t posted = 0;
  std::uint64_t completed = 0;
  std::uint64_t turns = 0;
  for (Instant next = start; next < start + span; next = next + Duration::micros(200)) {
    while (os::monotonic_now() < next) {
    }
    for (int i = 0; i < 10; ++i) posted += node.post(kBulk, 1'400, posted) ? 1 : 0;
    node.ring.flush();
    if (++turns % 20 == 0) completed += node.ring.collect(done);
  }
  completed += node.collect(posted - completed).size();
  CHECK(completed == posted);
  return posted;
}

double wakes_for_each(ShaperNode& node, rpc::Client& client) {
  const std::uint64_t before = counter_of(client, "wakes");
  const Instant start = os::monotonic_now();
  const std::uint64_t posted = post_steadily(node, Duration::seconds(1));
  const Duration took = os::monotonic_now() - start;
  const std::uint64_t wakes = counter_of(client, "wakes") - before;
  const double each = static_cast<double>(wakes) / static_cast<double>(posted);
  std::printf("%.0f datagrams a second, %.4f wakes each\n",
              static_cast<double>(posted) * 1'000 / took.as_millis(), each);
  return each;
}

TEST_CASE("at 50,000 datagrams a second it is woken for one in fifty") {
  ShaperNode node("unlimited");
  REQUIRE(node.attach());
  auto client = rpc::Client::connect(node.operator_socket, Duration::seconds(5));
  REQUIRE(client.ok());
  (void)post_steadily(node, Duration::millis(200));
  // The goal is 0.02; a machine with other work to do stretches the second, and so the wakes.
  CHECK(holds_once([&] { return wakes_for_each(node, **client) <= 0.03; }));
}

}  // namespace
}  // namespace covfefe

int main(int argc, char** argv) {
  if (::geteuid() != 0) {
    std::puts("skipped: needs root, to start the shaper as its own user");
    return 77;
  }
  return doctest::Context(argc, argv).run();
}
