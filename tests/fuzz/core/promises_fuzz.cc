// SPDX-License-Identifier: Apache-2.0
// A friend that says anything about promises, in any order, to a node that promises it and asks it
// for promises: the input is a script of messages, own wishes and time. The friend never gets more
// than its quota, what is kept stays bounded, and another friend is served afterwards.
#include "base/bug.h"
#include "tests/unit/core/promise_world.h"

using namespace covfefe;
using namespace covfefe::core;
using namespace covfefe::test;

namespace {

constexpr std::uint64_t kQuota = 200'000;

struct Target : PromiseWorld {
  PromiseNode& bob = add("bob");
  PromiseNode& mallory = add("mallory");
  PromiseNode& carol = add("carol");
  bool asked =
      false;  // bob's own leases over mallory's link are no gift: its quota bounds them not

  Target() {
    befriend(bob, mallory);
    befriend(bob, carol);
    mallory.deaf = true;
    bob.room(10'000'000);
    bob.quota(kQuota);
  }

  // Field by field, so that the fuzzer need not know the packing of Cap'n Proto; what is unsound
  // would not have passed the codec.
  template <typename Message>
  void say(const Message& message) {
    if (wire::is_sound(message)) send(mallory, bob, {message});
  }
  void speak(Reader& in) {
    const std::uint8_t kind = in.le<std::uint8_t>() % 8;
    const std::uint32_t number = in.le<std::uint8_t>();
    const std::uint32_t rate = std::uint32_t{in.le<std::uint16_t>()} * 64;
    const std::uint32_t time = std::uint32_t{in.le<std::uint16_t>()} * 15;
    const auto as = static_cast<wire::PromiseClass>(in.le<std::uint8_t>() % 3);
    const std::uint8_t more = in.le<std::uint8_t>();
    const auto packet = static_cast<std::uint16_t>(more * 5);
    switch (kind) {
      case 0:
        return say(wire::Need{number, rate, packet, as, more, time, rate / 2});
      case 1:
        return say(wire::Ack{number, rate, packet, as, more, time});
      case 2:
        return say(wire::Nak{number, static_cast<wire::NakReason>(more % 10), rate, time});
      case 3:
        return say(wire::Extend{number, time});
      case 4:
        return say(wire::Release{number});
      case 5:
        return say(wire::OnlineUntil{time / 300 * 300});
      case 6:
        return say(wire::Leaving{more % 2 == 0 ? time / 300 * 300 : more * 15u / 60 * 60});
      default:
        return say(wire::Please{number, time / 60 * 60});
    }
  }
  void wish(Reader& in) {
    const std::uint8_t what = in.le<std::uint8_t>();
    const std::uint32_t amount = std::uint32_t{in.le<std::uint16_t>()} + 1;
    switch (what % 6) {
      case 0:
        asked = true;
        (void)bob.ask(some_of(mallory, amount));
        return;
      case 1:
        (void)mallory.ask(some_of(bob, amount));
        return;
      case 2:
        return up(bob, mallory, what % 4 == 0 ? core::Boot::New : core::Boot::Same);
      case 3:
        return down(bob, mallory);
      case 4:
        return bob.room(std::uint64_t{amount} * 1'000);
      default:
        down(bob, mallory);
        down(bob, carol);
        bob.restart();
        up(bob, mallory, core::Boot::New);
        return up(bob, carol, core::Boot::New);
    }
  }
  void act(Reader& in) {
    const std::uint8_t what = in.le<std::uint8_t>();
    if (what % 8 < 5) {
      speak(in);
    } else if (what % 8 == 5) {
      wish(in);
    } else {
      run(Duration::millis(std::int64_t{in.le<std::uint8_t>()} * (what % 8 == 6 ? 20 : 2'000)));
    }
  }
  [[nodiscard]] bool carol_is_served() {
    const RequestId id = carol.ask(some_of(bob, 1'000));
    run(Duration::seconds(5));
    const auto report = carol.answer<ReserveReport>(id);
    return report && report->ok;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Target target;
  Reader in(ByteView(data, size));
  for (int i = 0; i < 256 && in.remaining() > 0; ++i) {
    target.act(in);
    const std::uint64_t leased = target.bob.leased_over(target.mallory);
    if (!target.asked && leased > kQuota) bug("more than the quota");
  }
  if (target.bob.report().all.size() > 256) bug("more promises than are kept");
  target.bob.room(10'000'000);
  target.run(Duration::seconds(5));
  if (!target.carol_is_served()) bug("another friend is not served");
  return 0;
}
