// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <vector>

#include "wire/build.h"

using namespace covfefe;
using namespace covfefe::wire;

namespace {

using Bytes = std::vector<std::uint8_t>;

BuildRecord relay_record() {
  BuildRecord out;
  out.circuit_class = CircuitClass::Realtime;
  out.made_at = 1'795'305'660;
  out.rate = 8192;
  out.least_rate = 2048;
  out.duration = 600;
  out.lifetime = 3600;
  out.delta = 0x0123456789abcdef;
  out.next.fill(7);
  out.ticket.fill(9);
  return out;
}

Bytes written(const BuildRecord& record) {
  Bytes out(kBuildRecord, 0xee);
  write_build_record(record, out);
  return out;
}

Bytes written(const BuildReply& reply) {
  Bytes out(kBuildRecord, 0xee);
  write_build_reply(reply, out);
  return out;
}

template <typename Change>
bool taken(Change change) {
  BuildRecord record = relay_record();
  change(record);
  const auto read = parse_build_record(written(record));
  if (read.ok()) CHECK(*read == record);
  return read.ok();
}

Reject bent_record(std::size_t at, std::uint8_t value) {
  Bytes bytes = written(relay_record());
  bytes[at] = value;
  const auto read = parse_build_record(bytes);
  REQUIRE_FALSE(read.ok());
  return read.error();
}

template <typename Parsed, typename Whole>
Parsed round_trip(const Whole& what, std::size_t expected) {
  Bytes bytes(std::is_same_v<Whole, BuildPayload> ? kBuildPayload : kBuildAnswer, 0xee);
  if constexpr (std::is_same_v<Whole, BuildPayload>) {
    CHECK(write_build_payload(what, bytes) == expected);
    CHECK(bytes[expected] == 0xee);
    return std::get<Parsed>(parse_build_payload(bytes).value());
  } else {
    CHECK(write_build_answer(what, bytes) == expected);
    CHECK(bytes[expected] == 0xee);
    return std::get<Parsed>(parse_build_answer(bytes).value());
  }
}

}  // namespace

TEST_CASE("a build record is read as it was written") {
  CHECK(taken([](BuildRecord&) {}));
  CHECK(taken([](BuildRecord& r) { r.accept_less = true; }));
  CHECK(taken([](BuildRecord& r) { r.circuit_class = CircuitClass::Bulk; }));
  CHECK(taken([](BuildRecord& r) { r.rate = r.least_rate = r.duration = 0; }));
  CHECK(taken([](BuildRecord& r) { r.rate = r.least_rate = 1U << 31; }));
  CHECK(taken([](BuildRecord& r) {
    r.terminal = true;
    r.next = {};
  }));
}

TEST_CASE("a build record outside the ladders is refused") {
  CHECK_FALSE(taken([](BuildRecord& r) { r.rate = 8193; }));
  CHECK_FALSE(taken([](BuildRecord& r) { r.least_rate = 3; }));
  CHECK_FALSE(taken([](BuildRecord& r) { r.least_rate = 16'384; }));
  CHECK_FALSE(taken([](BuildRecord& r) { r.duration = 61; }));
  CHECK_FALSE(taken([](BuildRecord& r) { r.lifetime = 0; }));
  CHECK_FALSE(taken([](BuildRecord& r) { r.lifetime = 86'400; }));
  CHECK_FALSE(taken([](BuildRecord& r) { r.made_at += 1; }));
}

TEST_CASE("only the last hop has no next hop, and it never has one") {
  CHECK_FALSE(taken([](BuildRecord& r) { r.next = {}; }));
  CHECK_FALSE(taken([](BuildRecord& r) { r.terminal = true; }));
}

TEST_CASE("malformed build records are refused") {
  CHECK(bent_record(0, 2) == Reject::WrongType);
  CHECK(bent_record(1, 4) == Reject::WrongValue);
  CHECK(bent_record(1, 0x80) == Reject::WrongValue);
  CHECK(bent_record(2, 0) == Reject::WrongValue);
  CHECK(bent_record(2, 3) == Reject::WrongValue);
  CHECK(bent_record(3, 1) == Reject::WrongValue);
  for (std::size_t at = kBuildRecord - 16; at < kBuildRecord; ++at) {
    CHECK(bent_record(at, 1) == Reject::WrongValue);
  }
  const Bytes long_one(kBuildRecord + 1);
  CHECK(parse_build_record(long_one).error() == Reject::WrongLength);
  CHECK(parse_build_record({}).error() == Reject::WrongLength);
}

TEST_CASE("a build reply is read as it was written") {
  const BuildReply granted{BuildStatus::Granted, true, 4096, 1'795'306'260, 77};
  CHECK(*parse_build_reply(written(granted)) == granted);
  for (const BuildStatus status : {BuildStatus::Refused, BuildStatus::NoNext, BuildStatus::NextDown,
                                   BuildStatus::Overloaded, BuildStatus::NotRelaying}) {
    const BuildReply refused{status, false, 0, 0, 0};
    CHECK(*parse_build_reply(written(refused)) == refused);
  }
}

TEST_CASE("who keeps no such rate says which it would have kept") {
  for (const std::uint32_t rate : {0U, 256U, 1U << 30}) {
    const BuildReply refused{BuildStatus::NoCapacity, false, rate, 0, 0};
    CHECK(*parse_build_reply(written(refused)) == refused);
  }
  CHECK_FALSE(parse_build_reply(written({BuildStatus::NoCapacity, false, 257, 0, 0})).ok());
  CHECK_FALSE(parse_build_reply(written({BuildStatus::NoCapacity, true, 256, 0, 0})).ok());
  CHECK_FALSE(parse_build_reply(written({BuildStatus::NoCapacity, false, 256, 1, 0})).ok());
  CHECK_FALSE(parse_build_reply(written({BuildStatus::NoCapacity, false, 256, 0, 1})).ok());
}

TEST_CASE("a rate is granted with a lease and a lease with a rate") {
  CHECK_FALSE(parse_build_reply(written({BuildStatus::Granted, false, 64, 1, 0})).ok());
  CHECK_FALSE(parse_build_reply(written({BuildStatus::Granted, false, 0, 1, 1})).ok());
  CHECK(parse_build_reply(written({BuildStatus::Granted, true, 0, 1, 0})).ok());
}

TEST_CASE("a status of a later version refuses, whatever stands behind it") {
  for (const int status : {1, 8, 255}) {
    Bytes bytes(kBuildRecord, 0xff);
    bytes[0] = static_cast<std::uint8_t>(status);
    CHECK(*parse_build_reply(bytes) == BuildReply{BuildStatus::Refused, false, 0, 0, 0});
  }
}

TEST_CASE("malformed build replies are refused") {
  CHECK_FALSE(parse_build_reply(written({BuildStatus::Refused, true, 0, 0, 0})).ok());
  CHECK_FALSE(parse_build_reply(written({BuildStatus::Refused, false, 64, 0, 0})).ok());
  CHECK_FALSE(parse_build_reply(written({BuildStatus::NoNext, false, 0, 1, 0})).ok());
  CHECK_FALSE(parse_build_reply(written({BuildStatus::NextDown, false, 0, 0, 1})).ok());
  CHECK_FALSE(parse_build_reply(written({BuildStatus::Granted, false, 100, 0, 0})).ok());
  const Bytes good = written({BuildStatus::Granted, false, 64, 1, 1});
  for (const std::size_t at : {1UL, 2UL, 3UL, 16UL, 40UL, 79UL}) {
    Bytes bytes = good;
    bytes[at] = 2;
    CHECK(parse_build_reply(bytes).error() == Reject::WrongValue);
  }
  CHECK(parse_build_reply(Bytes(kBuildRecord - 1)).error() == Reject::WrongLength);
}

TEST_CASE("build payloads are read as they were written and leave the rest alone") {
  OpenSession open;
  open.noise.fill(5);
  CHECK(round_trip<OpenSession>(BuildPayload(open), 8 + 48).noise == open.noise);
  AttachCircuit attach;
  attach.session.fill(1);
  attach.counter.fill(2);
  attach.token.fill(3);
  const auto read = round_trip<AttachCircuit>(BuildPayload(attach), 8 + 32);
  CHECK(read.session == attach.session);
  CHECK(read.counter == attach.counter);
  CHECK(read.token == attach.token);
  (void)round_trip<ProbeHop>(BuildPayload(ProbeHop{}), 8);
}

TEST_CASE("build answers are read as they were written and leave the rest alone") {
  SessionOpened opened;
  opened.noise.fill(5);
  CHECK(round_trip<SessionOpened>(BuildAnswer(opened), 8 + 232).noise == opened.noise);
  CircuitAttached attached;
  attached.token.fill(3);
  CHECK(round_trip<CircuitAttached>(BuildAnswer(attached), 8 + 16).token == attached.token);
  (void)round_trip<NoService>(BuildAnswer(NoService{}), 8);
  (void)round_trip<HopProbed>(BuildAnswer(HopProbed{}), 8);
}

TEST_CASE("malformed payloads and answers are refused") {
  Bytes payload(kBuildPayload);
  CHECK(parse_build_payload(payload).error() == Reject::WrongType);
  payload[0] = 4;
  CHECK(parse_build_payload(payload).error() == Reject::WrongType);
  payload[0] = 3;
  CHECK(parse_build_payload(payload).ok());
  payload[7] = 1;
  CHECK(parse_build_payload(payload).error() == Reject::WrongValue);
  CHECK(parse_build_payload(Bytes(kBuildAnswer)).error() == Reject::WrongLength);

  Bytes answer(kBuildAnswer);
  CHECK(parse_build_answer(answer).ok());
  answer[1] = 1;
  CHECK(parse_build_answer(answer).error() == Reject::WrongValue);
  answer[1] = 0;
  answer[0] = 4;
  CHECK(parse_build_answer(answer).error() == Reject::WrongType);
  CHECK(parse_build_answer(Bytes(kBuildPayload)).error() == Reject::WrongLength);
}
