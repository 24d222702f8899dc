// SPDX-License-Identifier: Apache-2.0
#include "rpc/promise_codec.h"

namespace covfefe::rpc {

namespace {

template <typename Message>
Result<wire::Control> sound(const Message& message) {
  if (!wire::is_sound(message)) return Reject::WrongValue;
  return wire::Control{message};
}

// An unknown class becomes a value that is_sound() refuses.
wire::PromiseClass class_from(schema::Control::LeaseClass from) {
  constexpr std::uint16_t kUnknown = 255;
  const auto value = static_cast<std::uint16_t>(from);
  return static_cast<wire::PromiseClass>(value < kUnknown ? value : kUnknown);
}

schema::Control::LeaseClass class_to(wire::PromiseClass from) {
  return static_cast<schema::Control::LeaseClass>(from);
}

}  // namespace

// ---- values to builders

void write(const wire::Need& from, schema::Control::Builder to) {
  auto need = to.initNeed();
  need.setNumber(from.number);
  need.setRate(from.rate);
  need.setPacket(from.packet);
  need.setClass(class_to(from.promise_class));
  need.setStartsIn(from.starts_in);
  need.setLasts(from.lasts);
  need.setLeast(from.least);
}

void write(const wire::Ack& from, schema::Control::Builder to) {
  auto ack = to.initAck();
  ack.setNumber(from.number);
  ack.setRate(from.rate);
  ack.setPacket(from.packet);
  ack.setClass(class_to(from.promise_class));
  ack.setStartsIn(from.starts_in);
  ack.setLasts(from.lasts);
}

void write(const wire::Nak& from, schema::Control::Builder to) {
  auto nak = to.initNak();
  nak.setNumber(from.number);
  nak.setReason(static_cast<std::uint8_t>(from.reason));
  nak.setBestRate(from.best_rate);
  nak.setBestLasts(from.best_lasts);
}

void write(const wire::Extend& from, schema::Control::Builder to) {
  auto extend = to.initExtend();
  extend.setNumber(from.number);
  extend.setBy(from.by);
}

void write(const wire::Release& from, schema::Control::Builder to) {
  to.initRelease().setNumber(from.number);
}

void write(const wire::OnlineUntil& from, schema::Control::Builder to) {
  to.initOnlineUntil().setIn(from.in);
}

void write(const wire::Leaving& from, schema::Control::Builder to) {
  to.initLeaving().setIn(from.in);
}

void write(const wire::Please& from, schema::Control::Builder to) {
  auto please = to.initPlease();
  please.setNumber(from.number);
  please.setBy(from.by);
}

// ---- readers to values

Result<wire::Control> read(schema::Control::Need::Reader from) {
  return sound(wire::Need{from.getNumber(), from.getRate(), from.getPacket(),
                          class_from(from.getClass()), from.getStartsIn(), from.getLasts(),
                          from.getLeast()});
}

Result<wire::Control> read(schema::Control::Ack::Reader from) {
  return sound(wire::Ack{from.getNumber(), from.getRate(), from.getPacket(),
                         class_from(from.getClass()), from.getStartsIn(), from.getLasts()});
}

Result<wire::Control> read(schema::Control::Nak::Reader from) {
  return sound(wire::Nak{from.getNumber(), static_cast<wire::NakReason>(from.getReason()),
                         from.getBestRate(), from.getBestLasts()});
}

Result<wire::Control> read(schema::Control::Extend::Reader from) {
  return sound(wire::Extend{from.getNumber(), from.getBy()});
}

Result<wire::Control> read(schema::Control::Release::Reader from) {
  return sound(wire::Release{from.getNumber()});
}

Result<wire::Control> read_online_until(schema::Control::Announcement::Reader from) {
  return sound(wire::OnlineUntil{from.getIn()});
}

Result<wire::Control> read_leaving(schema::Control::Announcement::Reader from) {
  return sound(wire::Leaving{from.getIn()});
}

Result<wire::Control> read(schema::Control::Please::Reader from) {
  return sound(wire::Please{from.getNumber(), from.getBy()});
}

}  // namespace covfefe::rpc
