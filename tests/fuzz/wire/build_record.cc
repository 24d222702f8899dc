// SPDX-License-Identifier: Apache-2.0
// What the records, replies, payloads and answers of circuit builds say. The first byte chooses
// which; the rest is stretched with zeros to its length. What is read is written again the same.
#include <vector>

#include "base/bug.h"
#include "wire/build.h"

using namespace covfefe;
using namespace covfefe::wire;

namespace {

using Bytes = std::vector<std::uint8_t>;

void require_same(ByteView a, ByteView b) {
  if (!std::ranges::equal(a, b)) bug("what was read is written differently");
}

void record(const Bytes& bytes) {
  const auto read = parse_build_record(bytes);
  if (!read) return;
  if (all_zero(read->next) != read->terminal) bug("a next hop behind the last");
  if (read->least_rate > read->rate) bug("the least is more than the wish");
  Bytes again(bytes.size(), 0xee);
  write_build_record(*read, again);
  require_same(again, bytes);
}

void reply(const Bytes& bytes) {
  const auto read = parse_build_reply(bytes);
  if (!read) return;
  Bytes again(bytes.size(), 0xee);
  write_build_reply(*read, again);
  const bool known = static_cast<std::uint8_t>(read->status) == bytes[0];
  if (known) require_same(again, bytes);
  if (parse_build_reply(again).value() != *read) bug("a reply reads differently the second time");
  if (bytes[0] == 0) return;
  // What would have been kept is no grant.
  const bool grants = read->rate != 0 && read->status != BuildStatus::NoCapacity;
  if (read->status == BuildStatus::Granted || grants || read->less || read->until != 0 ||
      read->lease != 0) {
    bug("a refusal grants");
  }
}

void payload(const Bytes& bytes) {
  const auto read = parse_build_payload(bytes);
  if (!read) return;
  Bytes again(bytes.size());
  const std::size_t said = write_build_payload(*read, again);
  require_same(ByteView(again).first(said), ByteView(bytes).first(said));
}

void answer(const Bytes& bytes) {
  const auto read = parse_build_answer(bytes);
  if (!read) return;
  Bytes again(bytes.size());
  const std::size_t said = write_build_answer(*read, again);
  require_same(ByteView(again).first(said), ByteView(bytes).first(said));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 1 + kBuildPayload) return 0;
  Bytes bytes(data + 1, data + size);
  (void)parse_build_record(bytes);
  (void)parse_build_reply(bytes);
  (void)parse_build_payload(bytes);
  (void)parse_build_answer(bytes);
  constexpr std::size_t kLengths[] = {kBuildRecord, kBuildRecord, kBuildPayload, kBuildAnswer};
  constexpr void (*kReaders[])(const Bytes&) = {record, reply, payload, answer};
  bytes.resize(kLengths[data[0] % 4]);
  kReaders[data[0] % 4](bytes);
  return 0;
}
