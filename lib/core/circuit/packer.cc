// SPDX-License-Identifier: Apache-2.0
#include "core/circuit/packer.h"

#include <type_traits>

#include "base/check.h"
#include "wire/ip.h"

namespace covfefe::core {

namespace {

constexpr std::size_t kTokenSize = 8;

struct PayloadSize {
  std::size_t operator()(const wire::InnerPacket& f) const { return f.packed.size(); }
  std::size_t operator()(const wire::InnerFragment& f) const {
    return wire::kFragmentHead + f.bytes.size();
  }
  std::size_t operator()(const wire::InnerPing&) const { return kTokenSize; }
  std::size_t operator()(const wire::InnerPong&) const { return kTokenSize; }
  std::size_t operator()(const wire::InnerClose&) const { return 0; }
  std::size_t operator()(const wire::InnerAck&) const { return wire::kInnerAck; }
};

}  // namespace

std::size_t frame_size(const wire::InnerFrame& frame) {
  return wire::kInnerHead + std::visit(PayloadSize{}, frame);
}

bool wants_acknowledgement(const wire::InnerFrame& frame) {
  return !std::holds_alternative<wire::InnerAck>(frame) &&
         !std::holds_alternative<wire::InnerPong>(frame);
}

bool Packer::packet(ByteView ip, std::size_t limit) {
  const std::size_t size = wire::kInnerHead + wire::packed_size(ip);
  if (used_ + size > limit || !writer_.packet(ip)) return false;
  used_ += size;
  wants_ = true;
  return true;
}

bool Packer::frame(const wire::InnerFrame& frame, std::size_t limit) {
  const std::size_t size = frame_size(frame);
  if (used_ + size > limit || !writer_.add(frame)) return false;
  used_ += size;
  wants_ = wants_ || core::wants_acknowledgement(frame);
  return true;
}

ByteView Packer::finish(std::size_t size, crypto::Entropy& random) {
  CHECK(used_ <= size && size <= plain_.size());
  const std::size_t padding = writer_.finish().size();
  const std::size_t from = plain_.size() - padding;
  if (from < size) random.fill(MutableBytes(plain_).subspan(from, size - from));
  writer_ = wire::InnerWriter(plain_);
  used_ = 0;
  wants_ = false;
  return ByteView(plain_).first(size);
}

}  // namespace covfefe::core
