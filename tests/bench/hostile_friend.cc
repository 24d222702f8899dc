// SPDX-License-Identifier: Apache-2.0
// A friend that means harm: real handshake, real cells, and control messages as fast as the victim
// takes them, each sound by itself. tests/bench/dos starts it; it ends by itself.
//
//   hostile_friend card NAME ENDPOINT                    prints its friend card
//   hostile_friend run VICTIM-STATIC-KEY VICTIM COUNT SECONDS
//
// VICTIM: IPv4 address; it must dial this friend. It ends after COUNT messages that the victim
// acknowledged or after SECONDS, and prints one JSON line. Its own address must be the victim's
// friend's endpoint, port 6363.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "config/card.h"
#include "core/link/control_channel.h"
#include "core/link/session.h"
#include "crypto/mac.h"
#include "crypto/onion.h"
#include "rpc/control_codec.h"
#include "tests/support/fake_keystore.h"
#include "wire/handshake.h"

namespace {

using namespace covfefe;

constexpr std::uint8_t kSeed = 66;
constexpr std::uint16_t kPort = 6363;
constexpr std::uint32_t kIndex = 4096;
constexpr std::uint16_t kChannel = 0x6666;
constexpr Duration kAgain = Duration::millis(20);

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

int print_card(const std::string& name, const std::string& endpoint) {
  const test::FakeKeystore keys(kSeed);
  ByteArray<32> seed{};
  seed.fill(kSeed);
  const crypto::SigningPair identity = crypto::signing_pair(seed);
  std::string text = "covfefe static v1";
  text.append(reinterpret_cast<const char*>(keys.static_key().data()), keys.static_key().size());
  config::Card card;
  card.name = name;
  card.identity_key = identity.public_key;
  card.static_key = keys.static_key();
  card.static_sig = crypto::sign(identity, bytes_of(text));
  card.service_key = keys.service_key();
  card.address = keys.address();
  card.endpoints = {endpoint};
  std::fputs(config::emit_card(card).c_str(), stdout);
  return 0;
}

// Sound messages that each make the victim do something, by turns.
wire::Control message(std::uint32_t turn) {
  switch (turn % 10) {
    case 0:
      return {wire::Need{turn + 1, 1'000 + turn % 50'000, 1'000, wire::PromiseClass::Realtime,
                         turn % 3'600, 60 + turn % 3'600, 0}};
    case 1:
      return {wire::Extend{turn, 60}};
    case 2:
      return {wire::Release{turn - 1}};
    case 3:
      return {wire::DescriptorsChanged{turn}};
    case 4:
      return {wire::DescriptorsGet{}};
    case 5:
      return {wire::NameAsk{turn, "name-" + std::to_string(turn)}};
    case 6:
      return {wire::OnlineUntil{300 * (1 + turn % 100)}};
    case 7:
      return {wire::Please{turn, 60 * (1 + turn % 60)}};
    case 8: {  // it moves its data socket each time
      wire::Hello hello;
      hello.data_sockets.push_back({static_cast<std::uint16_t>(7'000 + turn % 1'000),
                                    wire::SocketClass::Bulk, wire::Direction::Both});
      return {hello};
    }
    default: {
      wire::Offer offer;
      offer.shown = turn % 20 == 9 ? wire::Shown::Reachable : wire::Shown::RelayOnly;
      return {offer};
    }
  }
}

class Friend {
 public:
  Friend(int socket, const core::StaticKey& victim)
      : socket_(socket), victim_(victim), keys_(kSeed), random_(seeded()) {
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

  void trouble(std::uint64_t count, Instant until) {
    while (acknowledged() < count && clock_now() < until) {
      while (offer()) {
      }
      while (const auto frame = channel_.due(clock_now())) say(*frame);
      listen(Duration::millis(1));
    }
  }
  [[nodiscard]] std::uint64_t acknowledged() const {
    // The channel takes a message only when the one a window before it has arrived.
    return made_ < core::ControlChannel::kWindow ? 0 : made_ - core::ControlChannel::kWindow;
  }
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

  bool offer() {
    std::array<std::uint8_t, wire::kControlMostSmall> bytes{};
    const std::size_t length = codec_.encode(message(static_cast<std::uint32_t>(made_)), bytes);
    if (length == 0) bug("a hostile message does not fit a small cell");
    if (!channel_.send(ByteView(bytes).first(length), clock_now())) return false;
    ++made_;
    return true;
  }
  void say(wire::ControlFrame frame) {
    frame.from = kChannel;
    frame.to = peer_channel_;
    send(frame);
    channel_.sent(frame, clock_now(), kAgain);
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
  void post(ByteView datagram) const {
    if (::send(socket_, datagram.data(), datagram.size(), 0) < 0) return;  // the channel repeats it
  }

  void listen(Duration most) {
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
  void take(const wire::ControlFrame& control) {
    peer_channel_ = control.from;
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
  std::uint64_t made_ = 0;
  std::uint64_t heard_ = 0;
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
  const Instant end = start + Duration::seconds(std::atol(words[3]));
  if (!hostile.connect(end)) {
    std::fprintf(stderr, "hostile_friend: the victim does not call\n");
    return 1;
  }
  std::puts("linked");
  std::fflush(stdout);
  const Instant linked = clock_now();
  hostile.trouble(static_cast<std::uint64_t>(std::atoll(words[2])), end);
  const auto took = static_cast<double>((clock_now() - linked).nanoseconds) / 1e9;
  std::printf("{\"acknowledged\": %llu, \"heard\": %llu, \"seconds\": %.3f}\n",
              static_cast<unsigned long long>(hostile.acknowledged()),
              static_cast<unsigned long long>(hostile.heard()), took);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (!crypto::init()) return 1;
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "card" && argc == 4) return print_card(argv[2], argv[3]);
  if (verb == "run" && argc == 6) return run(argv + 2);
  std::fprintf(stderr, "usage: hostile_friend card NAME ENDPOINT | run KEY VICTIM COUNT SECONDS\n");
  return 2;
}
