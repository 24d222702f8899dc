// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "wire/control.h"
#include "wire/inner.h"
#include "wire/ip.h"
#include "wire/link_frames.h"

using namespace covfefe;
using namespace covfefe::wire;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes noise(std::mt19937& random, std::size_t size) {
  Bytes out(size);
  for (auto& b : out) b = static_cast<std::uint8_t>(random());
  return out;
}

bool same(ByteView a, ByteView b) {
  return std::ranges::equal(a, b);
}

Bytes body_with(const LinkFrame& frame, std::size_t size) {
  Bytes out(size, 0xee);
  REQUIRE(write_link_frame(frame, out) != 0);
  return out;
}

template <typename T>
T round_trip(const T& frame, std::size_t size) {
  static Bytes body;
  body = body_with(frame, size);
  const auto read = parse_link_frame(body);
  REQUIRE(read.ok());
  const T* out = std::get_if<T>(&read.value());
  REQUIRE(out != nullptr);
  return *out;
}

Reject refusal(const Bytes& body) {
  const auto read = parse_link_frame(body);
  REQUIRE_FALSE(read.ok());
  return read.error();
}

}  // namespace

TEST_CASE("link frames are read as they were written, in both sizes") {
  for (const std::size_t size : {kSmallBody, kLargeBody}) {
    CHECK(round_trip(PadFrame{77}, size).token == 77);
    CHECK(round_trip(PathChallengeFrame{~0ULL}, size).token == ~0ULL);
    CHECK(round_trip(PathResponseFrame{5}, size).token == 5);
    const auto destroy = round_trip(DestroyFrame{{9}, DestroyReason::LeaseOnly}, size);
    CHECK(destroy.circuit.value == 9);
    CHECK(destroy.reason == DestroyReason::LeaseOnly);
    const auto ack = round_trip(ControlFrame{0, 12, {}, 7, 0}, size);
    CHECK(ack.ack == 12);
    CHECK(ack.message.empty());
  }
}

TEST_CASE("reports and challenges keep their pace and every number") {
  for (const std::size_t size : {kSmallBody, kLargeBody}) {
    CHECK(round_trip(PathChallengeFrame{5, AnswerPace::InSlot}, size).pace == AnswerPace::InSlot);
    ReportFrame report;
    report.stamp = 0x01020304;
    report.echo = 0xf5f6f7f8;
    report.held = 9;
    report.heard = 0x0a0b0c0d;
    report.cells = 0xffff'ffff;
    report.cells_at_echo = 77;
    report.bytes = 0x1122'3344'5566'7788;
    report.pace = AnswerPace::InSlot;
    const ReportFrame read = round_trip(report, size);
    CHECK(read.stamp == report.stamp);
    CHECK(read.echo == report.echo);
    CHECK(read.held == report.held);
    CHECK(read.heard == report.heard);
    CHECK(read.cells == report.cells);
    CHECK(read.cells_at_echo == report.cells_at_echo);
    CHECK(read.bytes == report.bytes);
    CHECK(read.pace == report.pace);
  }
}

TEST_CASE("control frames carry every length that fits and no more") {
  std::mt19937 random(4);
  for (const std::size_t size : {kSmallBody, kLargeBody}) {
    for (std::size_t n = 1; n <= size - kLinkFrameHead; n += 7) {
      const Bytes text = noise(random, n);
      const auto read = round_trip(ControlFrame{3, 4, text, 7, 9}, size);
      CHECK(read.seq == 3);
      CHECK(same(read.message, text));
    }
    const Bytes over = noise(random, size - kLinkFrameHead + 1);
    Bytes body(size);
    CHECK(write_link_frame(ControlFrame{3, 4, over, 7, 9}, body) == 0);
    CHECK(all_zero(body));
  }
}

TEST_CASE("eleven fragments carry one large cell") {
  std::mt19937 random(5);
  const Bytes cell = noise(random, kFragmentedCell);
  Bytes back;
  for (std::uint8_t i = 0; i < kFragCount; ++i) {
    const ByteView rest = ByteView(cell).subspan(i * kFragMost);
    const FragFrame frame{7, i, kFragCount, rest.first(std::min(rest.size(), kFragMost))};
    const auto read = round_trip(frame, kSmallBody);
    CHECK(read.index == i);
    back.insert(back.end(), read.bytes.begin(), read.bytes.end());
  }
  CHECK(back == cell);
}

TEST_CASE("builds travel in large bodies only") {
  std::mt19937 random(6);
  const Bytes packet = noise(random, kBuildPacket);
  CHECK(same(round_trip(BuildFrame{{5}, packet}, kLargeBody).packet, packet));
  CHECK(round_trip(BuiltFrame{{5}, {6}, packet}, kLargeBody).yours.value == 5);
  Bytes small(kSmallBody);
  CHECK(write_link_frame(BuildFrame{{5}, packet}, small) == 0);
  small[0] = 2;
  small[8] = 1;
  CHECK(refusal(small) == Reject::WrongLength);
}

TEST_CASE("malformed link frames are refused") {
  CHECK(parse_link_frame(Bytes(kSmallBody + 1)).error() == Reject::WrongLength);
  CHECK(parse_link_frame({}).error() == Reject::WrongLength);
  Bytes unknown(kSmallBody);
  unknown[0] = 9;
  CHECK(refusal(unknown) == Reject::WrongType);

  const Bytes text(120, 1);
  const auto bent = [&](const LinkFrame& frame, std::size_t at, std::uint8_t value) {
    Bytes body = body_with(frame, kSmallBody);
    body[at] = value;
    return refusal(body);
  };
  CHECK(bent(PadFrame{1}, 1, 1) == Reject::WrongValue);
  CHECK(bent(PathChallengeFrame{1}, 1, 2) == Reject::WrongValue);
  CHECK(bent(PathChallengeFrame{1}, 7, 1) == Reject::WrongValue);
  CHECK(bent(ReportFrame{}, 1, 2) == Reject::WrongValue);
  CHECK(bent(ReportFrame{}, 2, 1) == Reject::WrongValue);
  CHECK(bent(ReportFrame{}, 31, 1) == Reject::WrongValue);
  CHECK(bent(ControlFrame{1, 1, text, 7, 9}, 1, 1) == Reject::WrongValue);
  CHECK(bent(ControlFrame{1, 1, text, 7, 9}, 2, 121) == Reject::WrongValue);
  CHECK(bent(ControlFrame{1, 1, text, 7, 9}, 4, 0) == Reject::WrongValue);
  CHECK(bent(ControlFrame{0, 1, {}, 7, 9}, 4, 1) == Reject::WrongValue);
  CHECK(bent(ControlFrame{1, 1, text, 7, 9}, 12, 0) == Reject::WrongValue);
  CHECK(bent(DestroyFrame{{1}, DestroyReason::Done}, 1, 9) == Reject::WrongValue);
  CHECK(bent(DestroyFrame{{1}, DestroyReason::Done}, 4, 0) == Reject::WrongValue);
  CHECK(bent(DestroyFrame{{1}, DestroyReason::Done}, 12, 1) == Reject::WrongValue);
  const FragFrame frag{1, 2, 3, text};
  CHECK(bent(frag, 1, 1) == Reject::WrongValue);
  CHECK(bent(frag, 4, 3) == Reject::WrongValue);
  CHECK(bent(frag, 5, 12) == Reject::WrongValue);
  CHECK(bent(frag, 5, 0) == Reject::WrongValue);
  CHECK(bent(frag, 6, 0) == Reject::WrongValue);
  CHECK(bent(frag, 6, 129) == Reject::WrongValue);
}

TEST_CASE("inner frames are read in the order in which they were added") {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    Bytes plain = noise(random, round % 2 == 0 ? kSmallPlain : kLargePlain);
    InnerWriter out(plain);
    std::vector<std::uint64_t> tokens;
    while (true) {
      const Bytes payload = noise(random, kPackedHeader + random() % 60);
      const auto token = static_cast<std::uint64_t>(random());
      const bool ping = random() % 2 == 0;
      const InnerFrame frame =
          ping ? InnerFrame(InnerPing{token}) : InnerFrame(InnerPacket{payload});
      if (!out.add(frame)) break;
      tokens.push_back(ping ? token : payload.size());
    }
    const MutableBytes rest = out.finish();
    for (auto& b : rest) b = static_cast<std::uint8_t>(random());
    InnerReader in(plain);
    for (const std::uint64_t expected : tokens) {
      const auto frame = in.next();
      REQUIRE(frame.ok());
      REQUIRE(frame->has_value());
      const auto* ping = std::get_if<InnerPing>(&**frame);
      CHECK((ping != nullptr ? ping->token : std::get<InnerPacket>(**frame).packed.size()) ==
            expected);
    }
    const auto end = in.next();
    REQUIRE(end.ok());
    CHECK_FALSE(end->has_value());
  }
}

TEST_CASE("every inner frame survives the round trip") {
  const Bytes text(20, 9);
  Bytes plain(kSmallPlain);
  InnerWriter out(plain);
  CHECK(out.empty());
  CHECK(out.add(InnerFragment{513, 1, 2, text}));
  CHECK(out.add(InnerPong{8}));
  CHECK(out.add(InnerAck{0x1234, 7, ~std::uint64_t{0}, 0x8000'0000'0000'0001}));
  CHECK(out.add(InnerClose{}));
  CHECK_FALSE(out.empty());
  CHECK_FALSE(out.finish().empty());
  InnerReader in(plain);
  const auto fragment = std::get<InnerFragment>(*in.next().value());
  CHECK(fragment.id == 513);
  CHECK(fragment.index == 1);
  CHECK(fragment.count == 2);
  CHECK(same(fragment.bytes, text));
  CHECK(std::get<InnerPong>(*in.next().value()).token == 8);
  const auto ack = std::get<InnerAck>(*in.next().value());
  CHECK(ack.delay == 0x1234);
  CHECK(ack.received == 7);
  CHECK(ack.newest == ~std::uint64_t{0});
  CHECK(ack.seen == 0x8000'0000'0000'0001);
  CHECK(std::holds_alternative<InnerClose>(*in.next().value()));
  CHECK_FALSE(in.next().value().has_value());
}

TEST_CASE("a full packet fits one large plaintext and nothing is left of a filled one") {
  Bytes packet(kTunMtu);
  packet[0] = 0x60;
  store_be<std::uint16_t>(packet.data() + 4, kIpPayloadMost);
  REQUIRE(parse_ipv6(packet).ok());
  Bytes plain(kLargePlain);
  InnerWriter out(plain);
  CHECK(out.packet(packet));
  CHECK_FALSE(out.packet(packet));
  CHECK(out.finish().size() == kLargePlain - 3 - 1246 - 1);

  Bytes exact(kInnerHead + 8);
  InnerWriter full(exact);
  CHECK(full.add(InnerPing{1}));
  CHECK(full.finish().empty());
  InnerReader in(exact);
  CHECK(in.next().value().has_value());
  CHECK_FALSE(in.next().value().has_value());
}

TEST_CASE("malformed inner frames are refused and end the plaintext") {
  const auto refused = [](Bytes plain) {
    InnerReader in(plain);
    const auto frame = in.next();
    REQUIRE_FALSE(frame.ok());
    CHECK_FALSE(in.next().value().has_value());
    return frame.error();
  };
  CHECK(refused({1}) == Reject::WrongLength);
  CHECK(refused({1, 1}) == Reject::WrongLength);
  CHECK(refused({1, 6, 0, 1, 2, 3, 4, 5}) == Reject::WrongLength);
  CHECK(refused({1, 5, 0, 1, 2, 3, 4, 5}) == Reject::WrongLength);
  CHECK(refused({2, 4, 0, 0, 0, 0, 2}) == Reject::WrongLength);
  CHECK(refused({2, 5, 0, 0, 0, 2, 2, 9}) == Reject::WrongValue);
  CHECK(refused({2, 5, 0, 0, 0, 0, 1, 9}) == Reject::WrongValue);
  CHECK(refused({3, 7, 0, 1, 2, 3, 4, 5, 6, 7}) == Reject::WrongLength);
  CHECK(refused({4, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) == Reject::WrongLength);
  CHECK(refused({5, 1, 0, 1}) == Reject::WrongLength);
  CHECK(refused({6, 0, 0}) == Reject::WrongLength);
  Bytes ack(kInnerHead + kInnerAck);
  ack[0] = 6;
  ack[1] = kInnerAck;
  ack[4] = 1;
  CHECK(refused(ack) == Reject::WrongValue);
  CHECK(refused({7, 0, 0}) == Reject::WrongType);
  CHECK(refused({255, 0, 0}) == Reject::WrongType);
}
