// SPDX-License-Identifier: Apache-2.0
#include "wire/link_frames.h"

namespace covfefe::wire {
namespace {

// Each parser gets the body behind the type byte; lengths were checked by parse_link_frame.

struct TokenField {
  bool good = false;
  std::uint64_t token = 0;
};

TokenField token_of(Reader in) {
  const bool zero = all_zero(in.take(7));
  const auto token = in.le<std::uint64_t>();
  return {zero, token};
}

Result<LinkFrame> parse_challenge(Reader in) {
  const auto pace = in.le<std::uint8_t>();
  const bool zero = all_zero(in.take(6));
  const auto token = in.le<std::uint64_t>();
  if (!zero || pace > static_cast<std::uint8_t>(AnswerPace::InSlot)) return Reject::WrongValue;
  return LinkFrame(PathChallengeFrame{token, static_cast<AnswerPace>(pace)});
}

Result<LinkFrame> parse_report(Reader in) {
  const auto pace = in.le<std::uint8_t>();
  const bool zero = in.le<std::uint16_t>() == 0;
  ReportFrame out;
  out.stamp = in.le<std::uint32_t>();
  out.echo = in.le<std::uint32_t>();
  out.held = in.le<std::uint32_t>();
  out.heard = in.le<std::uint32_t>();
  out.cells = in.le<std::uint32_t>();
  out.cells_at_echo = in.le<std::uint32_t>();
  const bool zero_tail = in.le<std::uint32_t>() == 0;
  out.bytes = in.le<std::uint64_t>();
  if (!zero || !zero_tail || pace > static_cast<std::uint8_t>(AnswerPace::InSlot)) {
    return Reject::WrongValue;
  }
  out.pace = static_cast<AnswerPace>(pace);
  return LinkFrame(out);
}

Result<LinkFrame> parse_control(Reader in) {
  const bool zero = in.le<std::uint8_t>() == 0;
  const auto length = in.le<std::uint16_t>();
  ControlFrame out;
  out.seq = in.le<std::uint32_t>();
  out.ack = in.le<std::uint32_t>();
  out.from = in.le<std::uint16_t>();
  out.to = in.le<std::uint16_t>();
  out.message = in.take(length);
  if (in.failed() || !zero || out.from == 0) return Reject::WrongValue;
  if ((out.seq == 0) != out.message.empty()) return Reject::WrongValue;
  return LinkFrame(out);
}

struct BuildHead {
  CircuitId yours;
  CircuitId mine;
  ByteView packet;
};

Result<BuildHead> parse_build_head(Reader in) {
  const bool zero = all_zero(in.take(3));
  BuildHead out;
  out.yours.value = in.le<std::uint32_t>();
  out.mine.value = in.le<std::uint32_t>();
  const bool zero_tail = in.le<std::uint32_t>() == 0;
  out.packet = in.take(kBuildPacket);
  if (in.failed()) return Reject::WrongLength;
  if (!zero || !zero_tail || out.mine.value == 0) return Reject::WrongValue;
  return out;
}

Result<LinkFrame> parse_build(Reader in) {
  const auto head = parse_build_head(in);
  if (!head) return head.error();
  if (head->yours.value != 0) return Reject::WrongValue;
  return LinkFrame(BuildFrame{head->mine, head->packet});
}

Result<LinkFrame> parse_built(Reader in) {
  const auto head = parse_build_head(in);
  if (!head) return head.error();
  if (head->yours.value == 0) return Reject::WrongValue;
  return LinkFrame(BuiltFrame{head->yours, head->mine, head->packet});
}

Result<LinkFrame> parse_destroy(Reader in) {
  const auto reason = in.le<std::uint8_t>();
  const bool zero = in.le<std::uint16_t>() == 0;
  const CircuitId circuit{in.le<std::uint32_t>()};
  const bool zero_tail = in.le<std::uint64_t>() == 0;
  if (reason > static_cast<std::uint8_t>(DestroyReason::LeaseOnly)) return Reject::WrongValue;
  if (!zero || !zero_tail || circuit.value == 0) return Reject::WrongValue;
  return LinkFrame(DestroyFrame{circuit, static_cast<DestroyReason>(reason)});
}

Result<LinkFrame> parse_frag(Reader in) {
  const bool zero = in.le<std::uint8_t>() == 0;
  FragFrame out;
  out.id = in.le<std::uint16_t>();
  out.index = in.le<std::uint8_t>();
  out.count = in.le<std::uint8_t>();
  const auto length = in.le<std::uint16_t>();
  if (!zero || length == 0 || length > kFragMost) return Reject::WrongValue;
  if (out.count > kFragCount || out.index >= out.count) return Reject::WrongValue;
  out.bytes = in.take(length);
  return LinkFrame(out);
}

bool write_head_and_token(FrameType type, std::uint64_t token, Writer& to) {
  to.le(static_cast<std::uint8_t>(type));
  to.bytes(ByteArray<7>{});
  to.le(token);
  return true;
}

// Each returns false when the frame's own fields cannot be put in a frame of any body.

bool put(const PadFrame& frame, Writer& to) {
  return write_head_and_token(FrameType::Pad, frame.token, to);
}
bool put(const PathChallengeFrame& frame, Writer& to) {
  to.le(static_cast<std::uint8_t>(FrameType::PathChallenge));
  to.le(static_cast<std::uint8_t>(frame.pace));
  to.bytes(ByteArray<6>{});
  to.le(frame.token);
  return true;
}
bool put(const PathResponseFrame& frame, Writer& to) {
  return write_head_and_token(FrameType::PathResponse, frame.token, to);
}

bool put(const ReportFrame& frame, Writer& to) {
  to.le(static_cast<std::uint8_t>(FrameType::Report));
  to.le(static_cast<std::uint8_t>(frame.pace));
  to.le<std::uint16_t>(0);
  to.le(frame.stamp);
  to.le(frame.echo);
  to.le(frame.held);
  to.le(frame.heard);
  to.le(frame.cells);
  to.le(frame.cells_at_echo);
  to.le<std::uint32_t>(0);
  to.le(frame.bytes);
  return true;
}

bool put(const ControlFrame& frame, Writer& to) {
  if (frame.message.size() > kControlMostLarge) return false;
  to.le(static_cast<std::uint8_t>(FrameType::Control));
  to.le<std::uint8_t>(0);
  to.le(static_cast<std::uint16_t>(frame.message.size()));
  to.le(frame.seq);
  to.le(frame.ack);
  to.le(frame.from);
  to.le(frame.to);
  to.bytes(frame.message);
  return true;
}

bool put_build(FrameType type, const BuildHead& head, Writer& to) {
  if (head.packet.size() != kBuildPacket) return false;
  to.le(static_cast<std::uint8_t>(type));
  to.bytes(ByteArray<3>{});
  to.le(head.yours.value);
  to.le(head.mine.value);
  to.le<std::uint32_t>(0);
  to.bytes(head.packet);
  return true;
}
bool put(const BuildFrame& frame, Writer& to) {
  return put_build(FrameType::Build, {CircuitId{0}, frame.mine, frame.packet}, to);
}
bool put(const BuiltFrame& frame, Writer& to) {
  return put_build(FrameType::Built, {frame.yours, frame.mine, frame.packet}, to);
}

bool put(const DestroyFrame& frame, Writer& to) {
  to.le(static_cast<std::uint8_t>(FrameType::Destroy));
  to.le(static_cast<std::uint8_t>(frame.reason));
  to.le<std::uint16_t>(0);
  to.le(frame.circuit.value);
  to.le<std::uint64_t>(0);
  return true;
}

bool put(const FragFrame& frame, Writer& to) {
  if (frame.bytes.empty() || frame.bytes.size() > kFragMost) return false;
  to.le(static_cast<std::uint8_t>(FrameType::Frag));
  to.le<std::uint8_t>(0);
  to.le(frame.id);
  to.le(frame.index);
  to.le(frame.count);
  to.le(static_cast<std::uint16_t>(frame.bytes.size()));
  to.bytes(frame.bytes);
  return true;
}

std::size_t size_of(const LinkFrame& frame) {
  if (const auto* control = std::get_if<ControlFrame>(&frame)) {
    return kLinkFrameHead + control->message.size();
  }
  if (const auto* frag = std::get_if<FragFrame>(&frame)) return kFragHead + frag->bytes.size();
  if (std::holds_alternative<ReportFrame>(frame)) return kReportFrame;
  const bool build =
      std::holds_alternative<BuildFrame>(frame) || std::holds_alternative<BuiltFrame>(frame);
  return kLinkFrameHead + (build ? kBuildPacket : 0);
}

}  // namespace

Result<LinkFrame> parse_link_frame(ByteView body) {
  if (body.size() != kLargeBody && body.size() != kSmallBody) return Reject::WrongLength;
  Reader in(body);
  switch (static_cast<FrameType>(in.le<std::uint8_t>())) {
    case FrameType::Pad: {
      const TokenField field = token_of(in);
      if (!field.good) return Reject::WrongValue;
      return LinkFrame(PadFrame{field.token});
    }
    case FrameType::Control:
      return parse_control(in);
    case FrameType::Build:
      return parse_build(in);
    case FrameType::Built:
      return parse_built(in);
    case FrameType::Destroy:
      return parse_destroy(in);
    case FrameType::Frag:
      return parse_frag(in);
    case FrameType::PathChallenge:
      return parse_challenge(in);
    case FrameType::PathResponse: {
      const TokenField field = token_of(in);
      if (!field.good) return Reject::WrongValue;
      return LinkFrame(PathResponseFrame{field.token});
    }
    case FrameType::Report:
      return parse_report(in);
  }
  return Reject::WrongType;
}

std::size_t write_link_frame(const LinkFrame& frame, MutableBytes body) {
  if (size_of(frame) > body.size()) return 0;
  Writer to(body);
  const bool written = std::visit([&](const auto& f) { return put(f, to); }, frame);
  return written && !to.failed() ? to.written() : 0;
}

}  // namespace covfefe::wire
