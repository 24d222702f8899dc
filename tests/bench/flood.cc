// SPDX-License-Identifier: Apache-2.0
// Datagrams at a rate into a network namespace, from addresses of its choice: what a stranger with
// raw sockets sends. tests/bench/dos starts it; it ends by itself and prints one JSON line.
//
//   flood KIND TARGET RATE SECONDS SOURCES [DETAIL]
//
// TARGET: IPv4 address. RATE: datagrams a second. SOURCES: how many addresses of 10.128.0.0/9 it
// poses as; 0: it replays records with the addresses that are in them, or poses as DETAIL says.
//   random              random bytes, every length of the wire and others, all three ports
//   bad-mac             handshakes whose mac1 is wrong
//   good-mac KEY        handshakes whose mac1 is right; KEY: the target's static key, hex
//   forged  FILE        cells for the indices of the datagrams in FILE, from their senders
//   replay  FILE        the datagrams in FILE, again and again
// FILE: records of source address 4, source port 2, target port 2, length 2 (all big endian),
// bytes.
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "crypto/mac.h"
#include "wire/limits.h"

namespace {

using namespace covfefe;
using Clock = std::chrono::steady_clock;

constexpr std::uint16_t kPorts[] = {6363, 6364, 6365};
constexpr std::size_t kLengths[] = {1, 63, 64, 255, 256, 257, 1000, 1400, 1401};
constexpr std::size_t kBatch = 64;
constexpr std::size_t kHeaders = sizeof(iphdr) + sizeof(udphdr);
constexpr std::uint32_t kPoses = 0x0a800000;  // 10.128.0.0
constexpr std::uint64_t kSeed = 1;

struct Wanted {
  std::string kind;
  in_addr target{};
  double rate = 0;
  double seconds = 0;
  std::uint32_t sources = 0;
  std::string detail;
};

struct Record {
  std::uint32_t source = 0;
  std::uint16_t source_port = 0;
  std::uint16_t target_port = 0;
  std::vector<std::uint8_t> bytes;
};

struct Packet {
  alignas(8) std::array<std::uint8_t, 1500> bytes{};
  std::size_t length = 0;
};

std::uint16_t be16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}

std::vector<Record> read_records(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<std::uint8_t> all{std::istreambuf_iterator<char>(file), {}};
  std::vector<Record> out;
  for (std::size_t at = 0; at + 10 <= all.size();) {
    const std::uint8_t* head = all.data() + at;
    const std::size_t length = be16(head + 8);
    if (at + 10 + length > all.size()) break;
    out.push_back({static_cast<std::uint32_t>(be16(head) << 16 | be16(head + 2)),
                   be16(head + 4),
                   be16(head + 6),
                   {head + 10, head + 10 + length}});
    at += 10 + length;
  }
  return out;
}

crypto::PublicKey mac1_key_of(const std::string& hex) {
  std::array<std::uint8_t, 32> key{};
  for (std::size_t i = 0; i < key.size() && 2 * i + 1 < hex.size(); ++i) {
    key[i] = static_cast<std::uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
  }
  return crypto::mac1_key(key);
}

class Maker {
 public:
  explicit Maker(const Wanted& wanted) : wanted_(wanted), random_(kSeed) {
    if (wanted.kind == "good-mac") key_ = mac1_key_of(wanted.detail);
    if (wanted.kind == "forged" || wanted.kind == "replay") records_ = read_records(wanted.detail);
  }
  [[nodiscard]] bool ready() const {
    return (wanted_.kind != "forged" && wanted_.kind != "replay") || !records_.empty();
  }

  void make(Packet& packet) {
    Record pose{kPoses + next_ % (wanted_.sources == 0 ? 1 : wanted_.sources),
                static_cast<std::uint16_t>(1024 + next_ % 60000),
                kPorts[next_ % 3],
                {}};
    const Record* from = records_.empty() ? &pose : &records_[next_ % records_.size()];
    ++next_;
    const MutableBytes body = MutableBytes(packet.bytes).subspan(kHeaders);
    std::uint16_t port = from->target_port;
    std::size_t length = from->bytes.size();
    if (wanted_.kind == "replay") {
      std::memcpy(body.data(), from->bytes.data(), length);
    } else if (wanted_.kind == "forged") {
      noise(body.first(length));
      std::memcpy(body.data(), from->bytes.data(), wire::kCellHeaderSize - 8);  // the index
    } else if (wanted_.kind == "random") {
      length = kLengths[random_() % std::size(kLengths)];
      noise(body.first(length));
    } else {
      length = handshake(body);
      port = kPorts[0];
    }
    head(packet, *from, port, length);
  }

 private:
  void noise(MutableBytes bytes) {
    // Not for secrets: bytes that no parser expects.
    std::uint64_t state = random_();
    for (std::uint8_t& byte : bytes) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      byte = static_cast<std::uint8_t>(state >> 56);
    }
  }
  std::size_t handshake(MutableBytes body) {
    const MutableBytes message = body.first(wire::kInitiationSize);
    noise(message);
    const std::uint8_t type[4] = {1, 0, 0, 0};
    std::memcpy(message.data(), type, sizeof type);
    message[5] = 1;  // an index of at least 256
    // mac2 stays noise: it costs the target more than none.
    if (wanted_.kind == "good-mac") crypto::put_mac1(key_, message);
    return message.size();
  }
  void head(Packet& packet, const Record& from, std::uint16_t port, std::size_t length) const {
    iphdr ip{};
    ip.version = 4;
    ip.ihl = 5;
    ip.ttl = 64;
    ip.protocol = IPPROTO_UDP;
    ip.saddr = htonl(from.source);
    ip.daddr = wanted_.target.s_addr;
    ip.tot_len = htons(static_cast<std::uint16_t>(kHeaders + length));
    udphdr udp{};
    udp.source = htons(from.source_port);
    udp.dest = htons(port);
    udp.len = htons(static_cast<std::uint16_t>(sizeof udp + length));
    std::memcpy(packet.bytes.data(), &ip, sizeof ip);
    std::memcpy(packet.bytes.data() + sizeof ip, &udp, sizeof udp);
    packet.length = kHeaders + length;
  }

  const Wanted& wanted_;
  std::mt19937_64 random_;
  crypto::PublicKey key_{};
  std::vector<Record> records_;
  std::uint32_t next_ = 0;
};

// Hands a batch to the kernel; how many it took.
std::size_t send(int socket, const Wanted& wanted, std::span<Packet> packets) {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> parts{};
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr = wanted.target;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    parts[i] = {packets[i].bytes.data(), packets[i].length};
    messages[i].msg_hdr.msg_name = &to;
    messages[i].msg_hdr.msg_namelen = sizeof to;
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int taken = ::sendmmsg(socket, messages.data(), static_cast<unsigned>(packets.size()), 0);
  return taken < 0 ? 0 : static_cast<std::size_t>(taken);
}

void flood(int socket, const Wanted& wanted, Maker& maker) {
  std::vector<Packet> packets(kBatch);
  const auto start = Clock::now();
  double sent = 0;
  double elapsed = 0;
  double refused = 0;
  while (elapsed < wanted.seconds) {
    const double due = elapsed * wanted.rate - sent - refused;
    if (due < static_cast<double>(kBatch)) {
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    } else {
      for (Packet& packet : packets) maker.make(packet);
      const auto taken = static_cast<double>(send(socket, wanted, packets));
      sent += taken;
      refused += static_cast<double>(kBatch) - taken;
    }
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  std::printf("{\"sent\": %.0f, \"refused\": %.0f, \"seconds\": %.3f}\n", sent, refused, elapsed);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: flood KIND TARGET RATE SECONDS SOURCES [DETAIL]\n");
    return 2;
  }
  Wanted wanted{argv[1],
                {},
                std::atof(argv[3]),
                std::atof(argv[4]),
                static_cast<std::uint32_t>(std::atol(argv[5])),
                argc > 6 ? argv[6] : ""};
  if (::inet_pton(AF_INET, argv[2], &wanted.target) != 1) return 2;
  const int socket = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (socket < 0) {
    std::perror("flood: raw socket");
    return 1;
  }
  Maker maker(wanted);
  if (!maker.ready()) {
    std::fprintf(stderr, "flood: no records in %s\n", wanted.detail.c_str());
    return 1;
  }
  flood(socket, wanted, maker);
  return 0;
}
