// SPDX-License-Identifier: Apache-2.0
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <doctest/doctest.h>

#include <vector>

#include "rpc/frame_guard.h"

using namespace covfefe;
using namespace covfefe::rpc;

namespace {

std::vector<std::uint8_t> header(std::initializer_list<std::uint32_t> words) {
  std::vector<std::uint8_t> out(words.size() * 4);
  std::size_t at = 0;
  for (const std::uint32_t word : words) store_le(out.data() + 4 * at++, word);
  return out;
}

void append(std::vector<std::uint8_t>& to, std::size_t zeros) {
  to.resize(to.size() + zeros);
}

}  // namespace

TEST_CASE("a stream of whole messages passes in any portions") {
  std::vector<std::uint8_t> stream = header({0, 2});
  append(stream, 16);
  const std::vector<std::uint8_t> second = header({1, 1, 1, 0});
  stream.insert(stream.end(), second.begin(), second.end());
  append(stream, 16);
  FrameGuard at_once(FrameLimits{});
  CHECK(at_once.consume(stream).ok());
  FrameGuard by_byte(FrameLimits{});
  bool passed = true;
  for (const std::uint8_t byte : stream) passed = passed && by_byte.consume({&byte, 1}).ok();
  CHECK(passed);
}

TEST_CASE("a body may hold any bytes") {
  std::vector<std::uint8_t> stream = header({0, 1, 0xffffffff, 0xffffffff, 0, 0});
  FrameGuard guard(FrameLimits{});
  CHECK(guard.consume(stream).ok());
}

TEST_CASE("a segment count beyond the limit is refused at its fourth byte") {
  FrameGuard guard(FrameLimits{.segments = 4});
  const auto hostile = header({4});
  CHECK(guard.consume(ByteView(hostile).first(3)).ok());
  CHECK(guard.consume(ByteView(hostile).last(1)).error() == Reject::WrongValue);
}

TEST_CASE("the count that wraps to zero is refused") {
  FrameGuard guard(FrameLimits{});
  CHECK(guard.consume(header({0xffffffff, 0})).error() == Reject::WrongValue);
}

TEST_CASE("segments are limited together, not each alone") {
  FrameGuard guard(FrameLimits{.words = 100});
  CHECK(guard.consume(header({1, 60, 41, 0})).error() == Reject::WrongLength);
}

TEST_CASE("sizes that would overflow 32 bits together are refused") {
  FrameGuard guard(FrameLimits{});
  CHECK(guard.consume(header({1, 0xffffffff, 1, 0})).error() == Reject::WrongLength);
}

TEST_CASE("the padding after an odd number of sizes is not a count") {
  std::vector<std::uint8_t> stream = header({1, 0, 1, 0xffffffff});
  append(stream, 8);
  const auto next = header({0, 1});
  stream.insert(stream.end(), next.begin(), next.end());
  FrameGuard guard(FrameLimits{});
  CHECK(guard.consume(stream).ok());
}

TEST_CASE("after a refusal nothing passes") {
  FrameGuard guard(FrameLimits{});
  CHECK_FALSE(guard.consume(header({0xffffffff})).ok());
  CHECK(guard.consume(header({0, 0})).error() == Reject::Unexpected);
}

TEST_CASE("what the library itself writes passes") {
  capnp::MallocMessageBuilder message(1, capnp::AllocationStrategy::FIXED_SIZE);
  auto list = message.initRoot<capnp::AnyPointer>().initAs<capnp::List<capnp::Data>>(20);
  for (capnp::uint i = 0; i < list.size(); ++i) list.init(i, 100 * i);
  const kj::Array<capnp::word> flat = capnp::messageToFlatArray(message);
  FrameGuard guard(FrameLimits{});
  const auto bytes = flat.asBytes();
  CHECK(guard.consume({bytes.begin(), bytes.size()}).ok());
  CHECK(guard.consume({bytes.begin(), bytes.size()}).ok());
}
