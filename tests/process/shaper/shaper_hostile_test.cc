// SPDX-License-Identifier: Apache-2.0
// Goal: a router that asks without end or writes anything into the shared memory gets refusals or
// is detached; the shaper's memory stays bounded and it goes on serving.
#include <doctest/doctest.h>
#include <signal.h>

#include <cstdio>
#include <random>

#include "os/clock.h"
#include "shaper_calls.h"
#include "tests/support/sanitized.h"

namespace covfefe {
namespace {

using tests::ShaperCalls;
using tests::ShaperNode;

const PlacedLink kGreedy{{7}, 1, "greedy", TrustLevel::Known};
const PlacedLink kOther{{9}, 2, "other", TrustLevel::Met};
constexpr std::uint64_t kCalls = tests::kSanitized ? 100'000 : 1'000'000;
constexpr std::size_t kAtOnce = 500;

LeaseTerms random_terms(std::mt19937_64& random) {
  LeaseTerms out;
  out.principal = random() % 8 == 0 ? FriendId{static_cast<std::uint32_t>(random())} : kGreedy.id;
  out.over.push_back(random() % 8 == 0 ? FriendId{static_cast<std::uint32_t>(random())}
                                       : kGreedy.id);
  const std::uint32_t rates[] = {0, 1, 256, 4'096, 0x8000'0000, 0xffff'ffff};
  out.rate = rates[random() % std::size(rates)];
  out.least = rates[random() % std::size(rates)];
  out.starts_in = Duration::seconds(static_cast<std::int64_t>(random() % 4) * 40'000);
  out.lasts = Duration::seconds(static_cast<std::int64_t>(random() % 4) * 40'000);
  return out;
}

struct Tally {
  std::uint64_t granted = 0;
  std::uint64_t denied = 0;
};

void ask_many(ShaperCalls& calls, std::mt19937_64& random, Tally& tally) {
  auto builder = kj::heapArrayBuilder<kj::Promise<void>>(kAtOnce);
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    auto request = calls.router().takeRequest();
    rpc::write_terms(random_terms(random), request.initTerms());
    builder.add(request.send().then([&tally](auto&& response) {
      ++(response.getAnswer().isGranted() ? tally.granted : tally.denied);
    }));
  }
  calls.wait(kj::joinPromises(builder.finish()));
}

TEST_CASE("a million askings cost nobody anything") {
  ShaperNode node("100 Mbit/s");
  ShaperCalls calls(node);
  REQUIRE(node.attach());
  REQUIRE(calls.meet());
  calls.place({kGreedy, kOther});
  std::mt19937_64 random(4);
  Tally tally;
  for (int i = 0; i < 20; ++i) ask_many(calls, random, tally);
  const std::uint64_t before = node.resident_bytes();
  std::uint64_t sent = 0;
  while (tally.granted + tally.denied < kCalls) {
    ask_many(calls, random, tally);
    REQUIRE(node.post(flow_of(kOther.slot, FlowClass::Bulk), 1'400, sent++));
    node.ring.flush();
    REQUIRE(node.collect(1).size() == 1);  // the data thread does not notice
  }
  std::printf(
      "askings: %llu granted, %llu refused, %+lld KiB\n",
      static_cast<unsigned long long>(tally.granted), static_cast<unsigned long long>(tally.denied),
      (static_cast<long long>(node.resident_bytes()) - static_cast<long long>(before)) / 1024);
  CHECK(tally.granted < 1'000);
  // The sanitizer keeps what was freed.
  if (!tests::kSanitized) CHECK(node.resident_bytes() < before + (4 << 20));
  CHECK(calls.leases().size() <= 256);
  LeaseTerms honest;
  honest.principal = kOther.id;
  honest.over.push_back(kOther.id);
  honest.rate = 100'000;
  honest.lasts = Duration::minutes(1);
  CHECK(std::holds_alternative<LeaseGrant>(calls.take(honest)));
}

TEST_CASE("links that no shaper could have are refused, and the connection goes on") {
  ShaperNode node("10 Mbit/s");
  ShaperCalls calls(node);
  REQUIRE(node.attach());
  REQUIRE(calls.meet());
  calls.place({kGreedy});
  PlacedLink beyond = kOther;
  beyond.slot = 5'000;
  CHECK(kj::runCatchingExceptions([&] { calls.place({beyond}); }) != nullptr);
  CHECK(kj::runCatchingExceptions([&] { calls.place({kOther, kOther}); }) != nullptr);
  CHECK(calls.leases().empty());
  auto keep = calls.view();
  CHECK(keep->getRoot<schema::ShaperView>().asReader().getFriends().size() == 1);
}

// Over all indices, the first slots of each ring and the first frames.
void scribble(os::RouterMemory& memory, std::mt19937_64& random) {
  auto* bytes = reinterpret_cast<std::uint8_t*>(&memory);
  const std::size_t areas[] = {0, offsetof(os::RouterMemory, express),
                               offsetof(os::RouterMemory, bulk),
                               offsetof(os::RouterMemory, frames)};
  for (int i = 0; i < 64; ++i) {
    bytes[areas[random() % 4] + random() % 512] = static_cast<std::uint8_t>(random());
  }
}

TEST_CASE("any bytes in the shared memory detach the router and nothing worse") {
  ShaperNode node("unlimited");
  std::mt19937_64 random(11);
  for (int round = 0; round < 40; ++round) {
    REQUIRE(node.attach());
    while (node.ring.attached()) {
      for (std::uint64_t i = 0; i < 32; ++i) {
        (void)node.post(flow_of(1 + random() % 4, static_cast<FlowClass>(random() % kFlowClasses)),
                        256, i);
      }
      scribble(*node.memory, random);
      node.ring.flush();
      if (node.hung_up(Duration::millis(2))) break;
    }
    REQUIRE(::kill(node.pid(), 0) == 0);
  }
  REQUIRE(node.attach());
  REQUIRE(node.post(flow_of(1, FlowClass::Bulk), 1'400, 5));
  node.ring.flush();
  const auto done = node.collect(1);
  REQUIRE(done.size() == 1);
  CHECK(done[0].status == os::SendStatus::Sent);
}

}  // namespace
}  // namespace covfefe
