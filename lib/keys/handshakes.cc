// SPDX-License-Identifier: Apache-2.0
#include "keys/handshakes.h"

#include "base/check.h"

namespace covfefe::keys {
namespace {

struct Hello {
  BootId boot_id{};
  std::uint16_t version = 0;
  std::uint16_t flags = 0;
};

void write_hello(const BootId& own, Writer& to) {
  to.bytes(own);
  to.le<std::uint16_t>(kLinkVersion);
  to.le<std::uint16_t>(0);
}

// The rest of a payload is zero and is checked, so that later versions can give it a meaning.
Result<Hello> read_hello(Reader& in) {
  Hello out;
  out.boot_id = in.array<8>();
  out.version = in.le<std::uint16_t>();
  out.flags = in.le<std::uint16_t>();
  if (in.failed() || out.version == 0) return Reject::WrongType;
  if (!all_zero(in.take(in.remaining()))) return Reject::WrongValue;
  return out;
}

Established established(const crypto::PublicKey& friend_key, const Hello& hello,
                        crypto::NoiseHandshake& noise) {
  return {friend_key, noise.split(), hello.boot_id, hello.version, hello.flags};
}

}  // namespace

// Asked in the middle of the first message, when the sender's static key is known and nothing has
// been computed with it (A33).
class Handshakes::Gate final : public crypto::StaticGate {
 public:
  explicit Gate(const Handshakes& handshakes) : handshakes_(handshakes) {}
  std::optional<crypto::SecretKey> admit(const crypto::PublicKey& remote_static) override {
    return handshakes_.psk_of(remote_static);
  }

 private:
  const Handshakes& handshakes_;
};

crypto::NoiseSetup Handshakes::setup(crypto::Role role, const RootKeys::Open& open) const {
  crypto::NoiseSetup out;
  out.pattern = crypto::find_pattern("IKpsk2");
  out.role = role;
  out.prologue = bytes_of(kPrologue);
  out.local_static = contents_.root.static_pair(open);
  return out;
}

std::optional<crypto::SecretKey> Handshakes::psk_of(const crypto::PublicKey& static_key) const {
  const std::optional<crypto::PublicKey> identity = peers_.identity_of(static_key);
  if (!identity) return {};
  const std::optional<std::size_t> at = contents_.find(*identity);
  if (!at) return {};
  return contents_.psks.get(*at);
}

// Step N8, covfefe-protocol(7).
Result<Initiated> Handshakes::initiate(const First& first) {
  if (!peers_.identity_of(first.to)) return Reject::Unknown;
  ByteArray<kPayload1> payload{};
  Writer to(payload);
  to.bytes(first.timestamp.bytes());
  write_hello(first.boot_id, to);

  const RootKeys::Open open = contents_.root.open();
  crypto::NoiseSetup with = setup(crypto::Role::Initiator, open);
  with.remote_static = first.to;
  Pending pending{first.to, crypto::NoiseHandshake(with)};
  Initiated out;
  const Result<std::size_t> length = pending.noise.write(payload, random_, out.message);
  if (!length.ok()) return length.error();
  CHECK(*length == kMessage1);
  if (pending_.size() == kMaxPending) pending_.erase(pending_.begin());
  out.handshake = next_++;
  pending_.emplace(out.handshake, std::move(pending));
  return out;
}

// Step N11.
Result<Established> Handshakes::finish(std::uint64_t handshake, ByteView message) {
  if (message.size() != kMessage2) return Reject::WrongLength;
  const auto found = pending_.find(handshake);
  if (found == pending_.end()) return Reject::Unknown;
  Pending& pending = found->second;
  const std::optional<crypto::SecretKey> psk = psk_of(pending.to);
  if (!psk) {
    pending_.erase(found);
    return Reject::Unknown;
  }
  ByteArray<kPayload2> payload{};
  const RootKeys::Open open = contents_.root.open();
  pending.noise.set_psk(psk->view());
  const Result<std::size_t> length = pending.noise.read(message, payload);
  pending.noise.set_psk(crypto::SecretKey().view());  // a PSK does not lie about while we wait
  if (!length.ok()) return length.error();
  Pending done = std::move(pending);
  pending_.erase(found);
  Reader in(payload);
  const Result<Hello> hello = read_hello(in);
  if (!hello.ok()) return hello.error();
  return established(done.to, *hello, done.noise);
}

// Steps N9 and N10.
Result<Responded> Handshakes::respond(ByteView message, const BootId& own) {
  if (message.size() != kMessage1) return Reject::WrongLength;
  const RootKeys::Open open = contents_.root.open();
  crypto::NoiseHandshake noise(setup(crypto::Role::Responder, open));
  Gate gate(*this);
  ByteArray<kPayload1> payload{};
  const Result<std::size_t> length = noise.read(message, payload, &gate);
  if (!length.ok()) return length.error();

  const crypto::PublicKey from = noise.remote_static();
  Reader in(payload);
  const std::optional<Tai64n> timestamp = parse_tai64n(in.take(kTai64nSize));
  if (!timestamp) return Reject::WrongValue;
  const Result<Hello> hello = read_hello(in);
  if (!hello.ok()) return hello.error();
  if (!peers_.is_newer(from, *timestamp)) return Reject::Replayed;
  peers_.saw(from, *timestamp);

  ByteArray<kPayload2> answer{};
  Writer to(answer);
  write_hello(own, to);
  ByteArray<kMessage2> reply{};
  const Result<std::size_t> written = noise.write(answer, random_, reply);
  if (!written.ok()) return written.error();
  CHECK(*written == kMessage2);
  return Responded{established(from, *hello, noise), reply, *timestamp};
}

void Handshakes::forget(const crypto::PublicKey& static_key) {
  std::erase_if(pending_, [&](const auto& one) { return one.second.to == static_key; });
}

}  // namespace covfefe::keys
