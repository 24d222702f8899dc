// SPDX-License-Identifier: Apache-2.0
// A friend that means harm: real handshake, real cells, and control messages without regard to the
// window (Steps K3, K4, covfefe-protocol(7)), each sound by itself; every hundredth is numbered far
// ahead. tests/bench/dos starts it; it ends by itself.
//
//   hostile_friend card NAME ENDPOINT                    prints its friend card
//   hostile_friend run VICTIM-STATIC-KEY VICTIM COUNT RATE SECONDS
//
// VICTIM: IPv4 address; it must dial this friend. RATE: messages a second. It ends after COUNT
// messages that the victim acknowledged or after SECONDS, and prints one JSON line. Its own address
// must be the victim's friend's endpoint, port 6363.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "core/link/control_channel.h"
#include "core/link/session.h"
#include "crypto/mac.h"
#include "crypto/onion.h"
#include "hostile_parts.h"
#include "rpc/control_codec.h"
#include "tests/support/fake_keystore.h"
#include "wire/handshake.h"

namespace {

using namespace covfefe;
using namespace covfefe::bench;

constexpr std::uint16_t kPort = 6363;
constexpr std::uint32_t kIndex = 4096;
constexpr std::uint16_t kChannel = 0x6666;
// The victim acknowledges 200 times a second: at 20,000 messages a second 100 are on their way.
constexpr std::uint32_t kAhead = 2'048;
constexpr Duration kAgain = Duration::millis(50);  // without an acknowledgement: from it on again
constexpr std::uint32_t kFarEvery = 100;
constexpr std::uint32_t kFar = 1'000'000'000;
constexpr std::size_t kBatch = 32;

struct Wanted {
  std::uint64_t count = 0;
  double rate = 0;
  Instant until;
};

Instant clock_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

core::StaticKey key_of(const std::string& hex) {
  core::StaticKey key{};
  for (std::size_t i = 0; i < key.size() && 2 * i + 1 < hex.size(); ++i) {
    key[i] = static_cast<std::uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
  }
  return key;
}

class Friend {
 public:
  Friend(int socket, const core::StaticKey& victim)
      : socket_(socket), victim_(victim), keys_(kHostileSeed), random_(seeded()) {
    keys_.befriend(victim);
    random_.fill(boot_);
  }

  bool connect(Instant until) {
    // The victim dials its friends.
    while (!session_ && clock_now() < until) listen(Duration::millis(20));
    if (!session_) return false;
    send(wire::PathChallengeFrame{1, wire::AnswerPace::AtOnce});
    return true;
  }

  void trouble(const Wanted& wanted) {
    const Instant begin = clock_now();
    for (Instant now = begin; acknowledged_ < wanted.count && now < wanted.until;
         now = clock_now()) {
      if (now - progress_ > kAgain) {
        next_ = acknowledged_;
        progress_ = now;
      }
      const double seconds = static_cast<double>((now - begin).nanoseconds) / 1e9;
      const bool due = static_cast<double>(sent_) < seconds * wanted.rate;
      if (!due || next_ - acknowledged_ >= kAhead) {
        listen(Duration::millis(1));
        continue;
      }
      for (std::size_t i = 0; i < kBatch && next_ < wanted.count; ++i) say(next_++);
      flush();
      listen({});
    }
  }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t far() const { return far_; }
  [[nodiscard]] std::uint64_t heard() const { return heard_; }

 private:
  static crypto::Drbg seeded() {
    ByteArray<32> key{};
    crypto::SystemEntropy().fill(key);
    return crypto::Drbg(key);
  }

  void answer(ByteView datagram) {
    const auto initiation = wire::parse_initiation(datagram);
    if (!initiation || session_) return;
    core::Respond respond{{}, boot_};
    std::copy(initiation->noise.begin(), initiation->noise.end(), respond.message.begin());
    const auto reply = keys_.answer({RequestId{1}, respond});
    const auto* done = std::get_if<core::Established>(&reply.answer);
    if (done == nullptr) return;
    std::array<std::uint8_t, wire::kResponseSize> response{};
    wire::write_response({kIndex, initiation->sender, done->message}, response);
    crypto::put_mac1(crypto::mac1_key(victim_), response);
    post(response);
    core::SessionStart start;
    start.mine = ReceiverIndex{kIndex};
    start.theirs = ReceiverIndex{initiation->sender};
    start.role = crypto::Role::Responder;
    start.born = start.rooted = clock_now();
    session_.emplace(start, done->masters);
  }

  void say(std::uint32_t turn) {
    std::array<std::uint8_t, wire::kControlMostSmall> bytes{};
    const std::size_t length = codec_.encode(hostile_message(turn), bytes);
    if (length == 0) bug("a hostile message does not fit a small cell");
    const ByteView text = ByteView(bytes).first(length);
    if (sent_++ % kFarEvery == 0) {
      frame({turn + kFar, 0, text});
      ++far_;
    }
    frame({turn + 1, 0, text});
  }
  void frame(wire::ControlFrame frame) {
    // What the victim says is acknowledged, or it would repeat that for ever.
    if (const auto owed = channel_.due(clock_now())) {
      taken_ = owed->ack;
      channel_.sent(*owed, clock_now(), kAgain);
    }
    frame.ack = taken_;
    frame.from = kChannel;
    frame.to = peer_channel_;
    send(frame);
  }
  void send(const wire::LinkFrame& frame) {
    std::array<std::uint8_t, wire::kSmallOnion> onion{};
    const MutableBytes body = crypto::body_of(MutableBytes(onion));
    const std::size_t written = wire::write_link_frame(frame, body);
    random_.fill(body.subspan(written));
    const std::uint64_t hop = session_->seal_link_onion(random_, onion);
    std::array<std::uint8_t, wire::kSmallDatagram> datagram{};
    session_->seal(core::Lane::Link, {CircuitId{0}, hop}, onion, datagram);
    post(datagram);
  }
  void post(ByteView datagram) {
    if (waiting_ == kBatch) flush();
    copy(datagram, MutableBytes(batch_[waiting_]));
    lengths_[waiting_++] = datagram.size();
  }
  void flush() {
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> parts{};
    for (std::size_t i = 0; i < waiting_; ++i) {
      parts[i] = {batch_[i].data(), lengths_[i]};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    // What the kernel does not take is lost, and said again.
    (void)::sendmmsg(socket_, messages.data(), static_cast<unsigned>(waiting_), 0);
    waiting_ = 0;
  }

  void listen(Duration most) {
    flush();
    pollfd one{socket_, POLLIN, 0};
    if (::poll(&one, 1, static_cast<int>(most.nanoseconds / 1'000'000)) <= 0) return;
    std::array<std::uint8_t, 2048> bytes{};
    for (;;) {
      const ssize_t length = ::recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (length <= 0) return;
      read(ByteView(bytes).first(static_cast<std::size_t>(length)));
    }
  }
  void read(ByteView datagram) {
    const auto kind = wire::classify(datagram);
    if (!kind) return;
    if (*kind == wire::DatagramKind::Initiation) return answer(datagram);
    const bool cell =
        *kind == wire::DatagramKind::SmallCell || *kind == wire::DatagramKind::LargeCell;
    if (cell && session_) read_cell(datagram);
  }
  void read_cell(ByteView datagram) {
    const auto opened = session_->open(datagram);
    if (!opened || opened->header.circuit.value != 0) return;
    std::array<std::uint8_t, wire::kLargeOnion> plain{};
    const MutableBytes onion = MutableBytes(plain).first(opened->onion.size());
    if (!session_->open_link_onion(opened->header.counter, opened->onion, onion)) return;
    const auto frame = wire::parse_link_frame(crypto::body_of(ByteView(onion)));
    if (!frame) return;
    ++heard_;
    if (const auto* challenge = std::get_if<wire::PathChallengeFrame>(&*frame)) {
      send(wire::PathResponseFrame{challenge->token});
    }
    if (const auto* control = std::get_if<wire::ControlFrame>(&*frame)) take(*control);
  }
  void take(wire::ControlFrame control) {
    peer_channel_ = control.from;
    if (control.ack > acknowledged_) {
      acknowledged_ = control.ack;
      next_ = std::max(next_, acknowledged_);
      progress_ = clock_now();
    }
    control.ack = 0;  // of what this channel sent: nothing
    if (!channel_.receive(control)) return;
    while (channel_.pop()) {
    }
  }

  int socket_;
  core::StaticKey victim_;
  test::FakeKeystore keys_;
  crypto::Drbg random_;
  rpc::ControlCodec codec_;
  core::ControlChannel channel_;
  core::BootId boot_{};
  std::optional<core::Session> session_;
  std::uint16_t peer_channel_ = 0;
  std::uint32_t taken_ = 0;         // of the victim's messages
  std::uint32_t acknowledged_ = 0;  // of ours
  std::uint32_t next_ = 0;          // the turn to be said next
  Instant progress_ = clock_now();
  std::uint64_t sent_ = 0;  // with repetitions
  std::uint64_t far_ = 0;
  std::uint64_t heard_ = 0;
  std::array<std::array<std::uint8_t, wire::kSmallDatagram>, kBatch> batch_{};
  std::array<std::size_t, kBatch> lengths_{};
  std::size_t waiting_ = 0;
};

int connected_socket(const char* victim) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (socket < 0 || ::bind(socket, generic, sizeof address) != 0) return -1;
  if (::inet_pton(AF_INET, victim, &address.sin_addr) != 1) return -1;
  return ::connect(socket, generic, sizeof address) == 0 ? socket : -1;
}

int run(char** words) {
  const int socket = connected_socket(words[1]);
  if (socket < 0) {
    std::perror("hostile_friend: socket");
    return 1;
  }
  Friend hostile(socket, key_of(words[0]));
  const Instant start = clock_now();
  const Instant end = start + Duration::seconds(std::atol(words[4]));
  if (!hostile.connect(end)) {
    std::fprintf(stderr, "hostile_friend: the victim does not call\n");
    return 1;
  }
  std::puts("linked");
  std::fflush(stdout);
  const Instant linked = clock_now();
  hostile.trouble({static_cast<std::uint64_t>(std::atoll(words[2])), std::atof(words[3]), end});
  const auto took = static_cast<double>((clock_now() - linked).nanoseconds) / 1e9;
  const auto number = [](std::uint64_t of) { return static_cast<unsigned long long>(of); };
  std::printf(
      "{\"acknowledged\": %llu, \"sent\": %llu, \"far\": %llu, \"heard\": %llu, \"seconds\": "
      "%.3f}\n",
      number(hostile.acknowledged()), number(hostile.sent()), number(hostile.far()),
      number(hostile.heard()), took);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (!crypto::init()) return 1;
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "card" && argc == 4)
    return std::fputs(hostile_card(argv[2], argv[3]).c_str(), stdout) < 0 ? 1 : 0;
  if (verb == "run" && argc == 7) return run(argv + 2);
  std::fprintf(stderr,
               "usage: hostile_friend card NAME ENDPOINT | run KEY VICTIM COUNT RATE SECONDS\n");
  return 2;
}
