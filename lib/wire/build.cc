// SPDX-License-Identifier: Apache-2.0
#include "wire/build.h"

#include <bit>

#include "base/check.h"

namespace covfefe::wire {
namespace {

constexpr std::uint8_t kVersion = 1;
enum : std::uint8_t { kTerminal = 1, kAcceptLess = 2 };  // flags of a record
enum : std::uint8_t { kLess = 1 };                       // flags of a reply
constexpr std::uint32_t kMadeAtStep = 60;
constexpr std::size_t kRecordSpare = 16;
constexpr std::size_t kReplySpare = 64;

// Of payloads and answers: an answer's kind is that of what it answers, or none.
enum class Kind : std::uint8_t { None = 0, Session = 1, Attach = 2, Probe = 3 };
constexpr std::size_t kKindSpare = 7;

bool on_rate_ladder(std::uint32_t rate) {
  return rate == 0 || std::has_single_bit(rate);
}

bool on_time_ladder(std::uint32_t seconds) {
  return seconds == 60 || seconds == 600 || seconds == 3600 || seconds == 14'400;
}

bool in_range(const BuildRecord& r) {
  if (r.circuit_class != CircuitClass::Realtime && r.circuit_class != CircuitClass::Bulk) {
    return false;
  }
  if (r.made_at % kMadeAtStep != 0 || all_zero(r.next) != r.terminal) return false;
  if (!on_rate_ladder(r.rate) || !on_rate_ladder(r.least_rate) || r.least_rate > r.rate) {
    return false;
  }
  return on_time_ladder(r.lifetime) && (r.duration == 0 || on_time_ladder(r.duration));
}

bool known(BuildStatus status) {
  switch (status) {
    case BuildStatus::Granted:
    case BuildStatus::Refused:
    case BuildStatus::NoNext:
    case BuildStatus::NextDown:
    case BuildStatus::Overloaded:
    case BuildStatus::NotRelaying:
    case BuildStatus::NoCapacity:
      return true;
  }
  return false;
}

bool in_range(const BuildReply& r) {
  if (!on_rate_ladder(r.rate)) return false;
  if (r.status == BuildStatus::Granted) return (r.rate == 0) == (r.lease == 0);
  const bool offers = r.status == BuildStatus::NoCapacity;
  return !r.less && (offers || r.rate == 0) && r.until == 0 && r.lease == 0;
}

void put_kind(Kind kind, Writer& to) {
  to.le(static_cast<std::uint8_t>(kind));
  to.bytes(ByteArray<kKindSpare>{});
}

struct KindField {
  bool good = false;
  Kind kind = Kind::None;
};
KindField take_kind(Reader& in) {
  const auto kind = static_cast<Kind>(in.le<std::uint8_t>());
  return {all_zero(in.take(kKindSpare)), kind};
}

void put(const OpenSession& open, Writer& to) {
  put_kind(Kind::Session, to);
  to.bytes(open.noise);
}
void put(const AttachCircuit& attach, Writer& to) {
  put_kind(Kind::Attach, to);
  to.bytes(attach.session);
  to.bytes(attach.counter);
  to.bytes(attach.token);
}
void put(const ProbeHop&, Writer& to) {
  put_kind(Kind::Probe, to);
}
void put(const NoService&, Writer& to) {
  put_kind(Kind::None, to);
}
void put(const SessionOpened& opened, Writer& to) {
  put_kind(Kind::Session, to);
  to.bytes(opened.noise);
}
void put(const CircuitAttached& attached, Writer& to) {
  put_kind(Kind::Attach, to);
  to.bytes(attached.token);
}
void put(const HopProbed&, Writer& to) {
  put_kind(Kind::Probe, to);
}

template <typename Variant>
std::size_t write_variant(const Variant& what, MutableBytes out) {
  Writer to(out);
  std::visit([&](const auto& one) { put(one, to); }, what);
  return to.written();
}

}  // namespace

Result<BuildRecord> parse_build_record(ByteView bytes) {
  if (bytes.size() != kBuildRecord) return Reject::WrongLength;
  Reader in(bytes);
  if (in.le<std::uint8_t>() != kVersion) return Reject::WrongType;
  const auto flags = in.le<std::uint8_t>();
  BuildRecord out;
  out.terminal = (flags & kTerminal) != 0;
  out.accept_less = (flags & kAcceptLess) != 0;
  out.circuit_class = static_cast<CircuitClass>(in.le<std::uint8_t>());
  const bool zero = in.le<std::uint8_t>() == 0;
  out.made_at = in.le<std::uint32_t>();
  out.rate = in.le<std::uint32_t>();
  out.duration = in.le<std::uint32_t>();
  out.lifetime = in.le<std::uint32_t>();
  out.least_rate = in.le<std::uint32_t>();
  out.delta = in.le<std::uint64_t>();
  out.next = in.array<kHandleSize>();
  out.ticket = in.array<16>();
  const bool zero_tail = all_zero(in.take(kRecordSpare));
  if (flags > (kTerminal | kAcceptLess) || !zero || !zero_tail) return Reject::WrongValue;
  if (!in_range(out)) return Reject::WrongValue;
  return out;
}

void write_build_record(const BuildRecord& record, MutableBytes out) {
  CHECK(out.size() == kBuildRecord);
  const int flags = (record.terminal ? kTerminal : 0) | (record.accept_less ? kAcceptLess : 0);
  Writer to(out);
  to.le(kVersion);
  to.le(static_cast<std::uint8_t>(flags));
  to.le(static_cast<std::uint8_t>(record.circuit_class));
  to.le<std::uint8_t>(0);
  to.le(record.made_at);
  to.le(record.rate);
  to.le(record.duration);
  to.le(record.lifetime);
  to.le(record.least_rate);
  to.le(record.delta);
  to.bytes(record.next);
  to.bytes(record.ticket);
  to.bytes(ByteArray<kRecordSpare>{});
}

Result<BuildReply> parse_build_reply(ByteView bytes) {
  if (bytes.size() != kBuildRecord) return Reject::WrongLength;
  Reader in(bytes);
  BuildReply out;
  out.status = static_cast<BuildStatus>(in.le<std::uint8_t>());
  if (!known(out.status)) {
    out.status = BuildStatus::Refused;
    return out;
  }
  const auto flags = in.le<std::uint8_t>();
  const bool zero = in.le<std::uint16_t>() == 0;
  out.less = flags == kLess;
  out.rate = in.le<std::uint32_t>();
  out.until = in.le<std::uint32_t>();
  out.lease = in.le<std::uint32_t>();
  const bool zero_tail = all_zero(in.take(kReplySpare));
  if (flags > kLess || !zero || !zero_tail || !in_range(out)) return Reject::WrongValue;
  return out;
}

void write_build_reply(const BuildReply& reply, MutableBytes out) {
  CHECK(out.size() == kBuildRecord);
  Writer to(out);
  to.le(static_cast<std::uint8_t>(reply.status));
  to.le<std::uint8_t>(reply.less ? kLess : 0);
  to.le<std::uint16_t>(0);
  to.le(reply.rate);
  to.le(reply.until);
  to.le(reply.lease);
  to.bytes(ByteArray<kReplySpare>{});
}

Result<BuildPayload> parse_build_payload(ByteView bytes) {
  if (bytes.size() != kBuildPayload) return Reject::WrongLength;
  Reader in(bytes);
  const KindField field = take_kind(in);
  if (!field.good) return Reject::WrongValue;
  switch (field.kind) {
    case Kind::Session:
      return BuildPayload(OpenSession{in.array<kSessionMsg1>()});
    case Kind::Attach: {
      AttachCircuit out;
      out.session = in.array<8>();
      out.counter = in.array<8>();
      out.token = in.array<16>();
      return BuildPayload(out);
    }
    case Kind::Probe:
      return BuildPayload(ProbeHop{});
    case Kind::None:
      break;
  }
  return Reject::WrongType;
}

std::size_t write_build_payload(const BuildPayload& payload, MutableBytes out) {
  CHECK(out.size() == kBuildPayload);
  return write_variant(payload, out);
}

Result<BuildAnswer> parse_build_answer(ByteView bytes) {
  if (bytes.size() != kBuildAnswer) return Reject::WrongLength;
  Reader in(bytes);
  const KindField field = take_kind(in);
  if (!field.good) return Reject::WrongValue;
  switch (field.kind) {
    case Kind::None:
      return BuildAnswer(NoService{});
    case Kind::Session:
      return BuildAnswer(SessionOpened{in.array<kSessionMsg2>()});
    case Kind::Attach:
      return BuildAnswer(CircuitAttached{in.array<16>()});
    case Kind::Probe:
      return BuildAnswer(HopProbed{});
  }
  return Reject::WrongType;
}

std::size_t write_build_answer(const BuildAnswer& answer, MutableBytes out) {
  CHECK(out.size() == kBuildAnswer);
  return write_variant(answer, out);
}

}  // namespace covfefe::wire
