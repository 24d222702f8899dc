// SPDX-License-Identifier: Apache-2.0
#include "keys/contents.h"

#include <algorithm>

#include "base/check.h"

namespace covfefe::keys {
namespace {

using crypto::kKeySize;

// seed 32 | next serial 8 | ceiling 12 | zero 4 | friends 4 | zero 4
constexpr std::size_t kFixed = 64;
// identity 32 | static 32 | floor 8 | newest 8 | psk 32
constexpr std::size_t kEach = 112;

bool is_sound(const Contents& contents) {
  return std::all_of(contents.friends.begin(), contents.friends.end(), [&](const Endorsed& one) {
    return one.floor >= 1 && one.floor <= one.newest && one.newest < contents.next_serial;
  });
}

}  // namespace

std::optional<std::size_t> Contents::find(const crypto::PublicKey& identity_key) const {
  const auto found = std::find_if(
      friends.begin(), friends.end(),
      [&identity_key](const Endorsed& one) { return one.identity_key == identity_key; });
  if (found == friends.end()) return {};
  return static_cast<std::size_t>(found - friends.begin());
}

void Contents::erase(std::size_t at) {
  const std::size_t last = friends.size() - 1;
  friends[at] = friends[last];
  psks.set(at, psks.get(last).view());
  psks.set(last, crypto::SecretKey().view());
  friends.pop_back();
}

std::optional<Contents> fresh_contents(crypto::KeyView seed) {
  std::optional<RootKeys> root = RootKeys::from_seed(seed);
  std::optional<PskPool> psks = PskPool::make(0);
  if (!root || !psks) return {};
  return Contents{*std::move(root), 1, {}, {}, *std::move(psks)};
}

std::size_t encoded_size(const Contents& contents) {
  return kFixed + contents.friends.size() * kEach;
}

void encode(const Contents& contents, MutableBytes out) {
  CHECK(out.size() == encoded_size(contents));
  Writer to(out);
  {
    const RootKeys::Open open = contents.root.open();
    to.bytes(contents.root.seed(open));
  }
  to.le<std::uint64_t>(contents.next_serial);
  to.bytes(contents.ceiling.bytes());
  to.le<std::uint32_t>(0);
  to.le<std::uint32_t>(static_cast<std::uint32_t>(contents.friends.size()));
  to.le<std::uint32_t>(0);
  for (std::size_t i = 0; i < contents.friends.size(); ++i) {
    const Endorsed& one = contents.friends[i];
    to.bytes(one.identity_key);
    to.bytes(one.static_key);
    to.le<std::uint64_t>(one.floor);
    to.le<std::uint64_t>(one.newest);
    to.bytes(contents.psks.get(i).view());
  }
  CHECK(!to.failed() && to.room() == 0);
}

Expected<Contents, DecodeFault> decode(ByteView bytes) {
  Reader in(bytes);
  const ByteView seed = in.take(kKeySize);
  const auto next_serial = in.le<std::uint64_t>();
  const auto ceiling = parse_tai64n(in.take(kTai64nSize));
  const auto zero = in.le<std::uint32_t>();
  const std::size_t count = in.le<std::uint32_t>();
  if (in.le<std::uint32_t>() != 0 || zero != 0 || in.failed() || !ceiling || next_serial == 0)
    return DecodeFault::Malformed;
  if (count > kMaxEndorsed || in.remaining() != count * kEach) return DecodeFault::Malformed;
  std::optional<RootKeys> root = RootKeys::from_seed(seed.first<kKeySize>());
  std::optional<PskPool> psks = PskPool::make(count);
  if (!root || !psks) return DecodeFault::NoMemory;
  Contents out{*std::move(root), next_serial, *ceiling, {}, *std::move(psks)};
  for (std::size_t i = 0; i < count; ++i) {
    Endorsed one;
    one.identity_key = in.array<kKeySize>();
    one.static_key = in.array<kKeySize>();
    one.floor = in.le<std::uint64_t>();
    one.newest = in.le<std::uint64_t>();
    out.psks.set(i, in.take(kKeySize).first<kKeySize>());
    out.friends.push_back(one);
  }
  if (!is_sound(out)) return DecodeFault::Malformed;
  return out;
}

}  // namespace covfefe::keys
