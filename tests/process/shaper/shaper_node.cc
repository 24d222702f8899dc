// SPDX-License-Identifier: Apache-2.0
#include "shaper_node.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/bug.h"
#include "os/listen.h"
#include "os/process.h"
#include "os/ring_handshake.h"

namespace covfefe::tests {
namespace {

constexpr int kPatienceMs = 5'000;
constexpr uid_t kShaperUser = 63634;  // the reserved number, for roots other than /

template <typename T>
T must(SysResult<T> result) {
  if (!result) bug(result.error().text().c_str());
  return std::move(*result);
}

bool readable(int fd, int patience_ms = kPatienceMs) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, patience_ms) == 1;
}

Endpoint local(std::uint16_t port) {
  return *parse_endpoint("127.0.0.1:" + std::to_string(port));
}

}  // namespace

ShaperNode::ShaperNode(const std::string& capacity, const std::string& more) {
  make_tree(capacity, more);
  frames_listener_ = listen("router.shaper-fd");
  rpc_listener_ = listen("router.shaper");
  operator_listener_ = listen("shaper.operator");
  Endpoint any = local(1);
  any.port = 0;
  for (int i = 0; i < 3; ++i) wire_.push_back(must(os::open_udp(any)));
  receiver_ = must(os::open_udp(any));
  receiver_at_ = must(os::local_udp(receiver_)).endpoint;
  start();
}

ShaperNode::~ShaperNode() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

void ShaperNode::make_tree(const std::string& capacity, const std::string& more) {
  char name[] = "/tmp/covfefe-shaper-test-XXXXXX";
  if (::mkdtemp(name) == nullptr) bug("mkdtemp");
  root_ = name;
  ::chmod(name, 0755);
  std::filesystem::create_directories(root_ + "/etc");
  std::filesystem::create_directories(root_ + "/run/covfefe");
  std::ofstream(root_ + "/etc/covfefenet.yaml")
      << "name: test\ncapacity:\n  up: " << capacity << "\n"
      << more;
}

os::Fd ShaperNode::listen(const std::string& name) const {
  const bool seqpacket = name == "router.shaper-fd";
  const std::string path = root_ + "/run/covfefe/" + name + ".sock";
  return must(os::listen_unix({path,
                               seqpacket ? os::UnixKind::SeqPacket : os::UnixKind::Stream,
                               {0600, {kShaperUser, kShaperUser}}}));
}

void ShaperNode::start() {
  operator_socket = root_ + "/run/covfefe/shaper.operator.sock";
  os::Program program;
  program.path = SHAPER_PROGRAM;
  program.arguments = {"--root", root_, "--jail-unknown=kill"};
  program.sockets = {{"shaper.operator", operator_listener_.number()},
                     {"wire.control", wire_[0].number()},
                     {"wire.data0", wire_[1].number()},
                     {"wire.data1", wire_[2].number()}};
  pid_ = must(os::spawn(program));
}

void ShaperNode::kill() {
  if (pid_ <= 1) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void ShaperNode::stop() {
  if (pid_ <= 1 || ::kill(pid_, SIGSTOP) != 0) bug("no shaper to stop");
  int status = 0;
  if (::waitpid(pid_, &status, WUNTRACED) != pid_ || !WIFSTOPPED(status)) bug("it ended");
}

void ShaperNode::resume() {
  if (pid_ > 1) ::kill(pid_, SIGCONT);
}

bool ShaperNode::attach() {
  connection_.reset();
  if (!readable(frames_listener_.number())) return false;
  auto socket = os::accept_unix(frames_listener_);
  if (!socket) return false;
  connection_ = std::move(*socket);
  if (!readable(connection_.number())) return false;
  auto end = os::accept_rings(connection_);
  if (!end) {
    // The dead shaper's last connection may still stand in the queue: take the next.
    return end.error().number == EPIPE && attach();
  }
  memory = static_cast<os::RouterMemory*>(end->mine.data());
  ring.attach(std::move(*end));
  return true;
}

bool ShaperNode::hung_up(Duration patience) {
  const auto milliseconds = static_cast<int>(patience.nanoseconds / 1'000'000);
  if (!readable(connection_.number(), milliseconds)) return false;
  connection_.reset();
  ring.detach("the shaper hung up");
  return true;
}

bool ShaperNode::post_as(FlowId flow, os::FramePosting posting) {
  const os::FrameRef frame = ring.acquire(os::lane_of(flow));
  if (frame.bytes.empty()) return false;
  store_le<std::uint64_t>(frame.bytes.data(), posting.tag);
  posting.head.to = receiver_at_;
  posting.head.socket = static_cast<std::uint8_t>(os::lane_of(flow) % os::kWireSockets);
  posting.flow = flow;
  ring.post(frame, posting);
  return true;
}

bool ShaperNode::post(FlowId flow, std::uint16_t length, std::uint64_t tag) {
  os::FramePosting posting;
  posting.head.length = length;
  posting.tag = tag;
  return post_as(flow, posting);
}

bool ShaperNode::post_slotted(FlowId flow, std::uint64_t tag) {
  os::FramePosting posting;
  posting.head.length = 256;
  posting.pace = os::RingPace::Slot;
  posting.tag = tag;
  return post_as(flow, posting);
}

bool ShaperNode::post_to(const Endpoint& to, FlowId flow, std::uint64_t tag) {
  const Endpoint usual = std::exchange(receiver_at_, to);
  const bool posted = post(flow, 256, tag);
  receiver_at_ = usual;
  return posted;
}

std::vector<os::FrameCompletion> ShaperNode::collect(std::size_t count) {
  std::vector<os::FrameCompletion> out;
  std::array<os::FrameCompletion, 64> some{};
  while (out.size() < count && ring.attached()) {
    const std::size_t got = ring.collect(some);
    out.insert(out.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(got));
    if (got != 0 || !ring.sleep()) continue;
    const bool woken = readable(ring.wake_fd().number());
    ring.drain_wake();
    ring.wake();
    if (!woken) break;
  }
  return out;
}

std::vector<std::uint64_t> ShaperNode::arrived(std::size_t count) {
  os::UdpReceiver receiving;
  std::vector<std::uint64_t> out;
  while (out.size() < count && readable(receiver_.number())) {
    for (const auto& got : receiving.receive(receiver_)) {
      out.push_back(load_le<std::uint64_t>(got.bytes.data()));
    }
  }
  return out;
}

std::uint64_t ShaperNode::resident_bytes() const {
  std::ifstream pages("/proc/" + std::to_string(pid_) + "/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  pages >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t ShaperNode::context_switches() const {
  std::uint64_t sum = 0;
  const std::string tasks = "/proc/" + std::to_string(pid_) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      constexpr std::string_view kKey = "voluntary_ctxt_switches:\t";
      if (!line.starts_with(kKey)) continue;
      std::uint64_t value = 0;
      std::from_chars(line.data() + kKey.size(), line.data() + line.size(), value);
      sum += value;
    }
  }
  return sum;
}

}  // namespace covfefe::tests
