// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <vector>

#include "rpc/control_codec.h"

using namespace covfefe;

namespace {

using Bytes = std::vector<std::uint8_t>;
using wire::PromiseClass;

constexpr std::uint32_t kAll = 0xffff'ffff;

const wire::Need kNeed{kAll,       wire::kPromisedRateMost, 1'232, PromiseClass::Bulk, wire::kDay,
                       wire::kDay, wire::kPromisedRateMost};
const wire::Ack kAck{kAll,      wire::kPromisedRateMost, 1'232, PromiseClass::Realtime, wire::kDay,
                     wire::kDay};
const wire::Nak kNak{kAll, wire::NakReason::TooMany, wire::kPromisedRateMost, wire::kDay};

std::vector<wire::Control> every_message() {
  return {{kNeed},
          {wire::Need{1, 1, 1, PromiseClass::Realtime, 0, 1, 0}},
          {kAck},
          {wire::Ack{7, 0, 0, PromiseClass::None, 0, 600}},
          {kNak},
          {wire::Nak{1, wire::NakReason::NoCapacity, 0, 0}},
          {wire::Extend{kAll, wire::kDay}},
          {wire::Release{kAll}},
          {wire::OnlineUntil{wire::kOnlineMost}},
          {wire::OnlineUntil{0}},
          {wire::Leaving{wire::kDay}},
          {wire::Leaving{60}},
          {wire::Please{kAll, wire::kDay}}};
}

Bytes encoded(const wire::Control& control) {
  rpc::ControlCodec codec;
  Bytes out(wire::kControlMostLarge);
  out.resize(codec.encode(control, out));
  return out;
}

template <typename Message>
bool accepted(const Message& message) {
  rpc::ControlCodec codec;
  return static_cast<bool>(codec.decode(encoded({message})));
}

template <typename Message, typename Field, typename Value>
bool accepted_with(Message message, Field field, Value value) {
  message.*field = value;
  return accepted(message);
}

}  // namespace

TEST_CASE("every promise fits into one S cell, whatever its values") {
  for (const wire::Control& control : every_message()) {
    const Bytes bytes = encoded(control);
    CHECK(!bytes.empty());
    CHECK(bytes.size() <= wire::kControlMostSmall);
  }
}

TEST_CASE("every promise comes back as it was") {
  rpc::ControlCodec codec;
  for (const wire::Control& control : every_message()) {
    const auto back = codec.decode(encoded(control));
    REQUIRE(back);
    CHECK(back->message.index() == control.message.index());
    CHECK(encoded(*back) == encoded(control));
    std::visit(
        [&](const auto& value) {
          using Message = std::decay_t<decltype(value)>;
          if constexpr (requires { value == value; }) {
            CHECK(std::get<Message>(back->message) == value);
          }
        },
        control.message);
  }
}

TEST_CASE("a need with a value out of range is refused") {
  CHECK(accepted(kNeed));
  CHECK_FALSE(accepted_with(kNeed, &wire::Need::number, 0u));
  CHECK_FALSE(accepted_with(kNeed, &wire::Need::rate, 0u));
  CHECK_FALSE(accepted_with(kNeed, &wire::Need::rate, wire::kPromisedRateMost + 1));
  CHECK_FALSE(accepted_with(kNeed, &wire::Need::rate, kAll));
  CHECK_FALSE(accepted_with(kNeed, &wire::Need::packet, std::uint16_t{0}));
  CHECK_FALSE(accepted_with(kNeed, &wire::Need::packet, std::uint16_t{1'233}));
  CHECK_FALSE(accepted_with(kNeed, &wire::Need::promise_class, PromiseClass::None));
  CHECK_FALSE(accepted_with(kNeed, &wire::Need::promise_class, PromiseClass{3}));
  CHECK_FALSE(accepted_with(kNeed, &wire::Need::starts_in, wire::kDay + 1));
  CHECK_FALSE(accepted_with(kNeed, &wire::Need::lasts, 0u));
  CHECK_FALSE(accepted_with(kNeed, &wire::Need::lasts, kAll));
  wire::Need less = kNeed;
  less.rate = 1'000;
  CHECK_FALSE(accepted_with(less, &wire::Need::least, 1'001u));
}

TEST_CASE("an answer with a value out of range is refused") {
  CHECK(accepted(kAck));
  CHECK_FALSE(accepted_with(kAck, &wire::Ack::number, 0u));
  CHECK_FALSE(accepted_with(kAck, &wire::Ack::rate, 0u));
  CHECK_FALSE(accepted_with(kAck, &wire::Ack::rate, kAll));
  CHECK_FALSE(accepted_with(kAck, &wire::Ack::packet, std::uint16_t{0}));
  CHECK_FALSE(accepted_with(kAck, &wire::Ack::promise_class, PromiseClass{77}));
  CHECK_FALSE(accepted_with(kAck, &wire::Ack::lasts, wire::kDay + 1));
  CHECK_FALSE(accepted_with(kAck, &wire::Ack::starts_in, wire::kDay + 1));
  CHECK(accepted(kNak));
  CHECK_FALSE(accepted_with(kNak, &wire::Nak::number, 0u));
  CHECK_FALSE(accepted_with(kNak, &wire::Nak::reason, wire::NakReason{0}));
  CHECK_FALSE(accepted_with(kNak, &wire::Nak::reason, wire::NakReason{10}));
  CHECK_FALSE(accepted_with(kNak, &wire::Nak::best_rate, kAll));
  CHECK_FALSE(accepted_with(kNak, &wire::Nak::best_lasts, kAll));
}

TEST_CASE("times that nobody may say are refused") {
  CHECK_FALSE(accepted(wire::Extend{0, 60}));
  CHECK_FALSE(accepted(wire::Extend{1, 0}));
  CHECK_FALSE(accepted(wire::Extend{1, wire::kDay + 1}));
  CHECK_FALSE(accepted(wire::Release{0}));
  CHECK_FALSE(accepted(wire::OnlineUntil{301}));
  CHECK_FALSE(accepted(wire::OnlineUntil{wire::kOnlineMost + 300}));
  CHECK_FALSE(accepted(wire::Leaving{61}));
  CHECK_FALSE(accepted(wire::Leaving{3'660}));
  CHECK_FALSE(accepted(wire::Leaving{wire::kDay + 300}));
  CHECK_FALSE(accepted(wire::Please{1, 0}));
  CHECK_FALSE(accepted(wire::Please{1, 90}));
  CHECK_FALSE(accepted(wire::Please{0, 60}));
  CHECK_FALSE(accepted(wire::Please{1, wire::kDay + 60}));
}

TEST_CASE("what is announced is as coarse as the protocol says, and always sound") {
  CHECK(wire::online_seconds(299) == 0);
  CHECK(wire::online_seconds(3'420) == 3'300);
  CHECK(wire::online_seconds(kAll) == wire::kOnlineMost);
  CHECK(wire::leaving_seconds(1) == 60);
  CHECK(wire::leaving_seconds(89) == 60);
  CHECK(wire::leaving_seconds(90) == 120);
  CHECK(wire::leaving_seconds(3'800) == 3'900);
  CHECK(wire::leaving_seconds(kAll) == wire::kDay);
  for (std::uint32_t s = 0; s < 100'000; s += 7) {
    CHECK(wire::is_sound(wire::OnlineUntil{wire::online_seconds(s)}));
    CHECK(wire::is_sound(wire::Leaving{wire::leaving_seconds(s)}));
  }
}
