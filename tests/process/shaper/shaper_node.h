// SPDX-License-Identifier: Apache-2.0
// One covfefe-shaper in its own root directory, with the test as its launcher and as its router.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "os/fd.h"
#include "os/ring_frames.h"
#include "os/udp.h"

namespace covfefe::tests {

class ShaperNode {
 public:
  explicit ShaperNode(const std::string& capacity, const std::string& more = {});
  // Makes directories, sockets and covfefenet.yaml with capacity.up as given and more lines; starts
  // the shaper.
  ShaperNode(const ShaperNode&) = delete;
  ShaperNode& operator=(const ShaperNode&) = delete;
  ~ShaperNode();

  void start();
  void kill();  // SIGKILL and wait
  void stop();  // SIGSTOP, until each of its threads stands still
  void resume();
  [[nodiscard]] pid_t pid() const { return pid_; }

  [[nodiscard]] bool attach();
  // Closes an earlier connection, accepts the shaper's next one and hands it fresh memory; false
  // after five seconds.
  [[nodiscard]] bool hung_up(Duration patience = Duration::seconds(5));
  // The shaper's end of the connection is gone; false when it is not in that time. Detaches.

  [[nodiscard]] bool post(FlowId flow, std::uint16_t length, std::uint64_t tag);
  // To receiver(), from the socket of the flow's lane; the datagram begins with the tag.
  [[nodiscard]] bool post_slotted(FlowId flow, std::uint64_t tag);
  // An S cell of control that waits for a slot of the idle lane.
  [[nodiscard]] bool post_to(const Endpoint& to, FlowId flow, std::uint64_t tag);
  [[nodiscard]] std::vector<os::FrameCompletion> collect(std::size_t count);
  // Until so many completed or five seconds passed without one.
  [[nodiscard]] std::vector<std::uint64_t> arrived(std::size_t count);
  // Tags, in the order of arrival.

  [[nodiscard]] std::uint64_t resident_bytes() const;
  [[nodiscard]] const os::Fd& rpc_listener() const { return rpc_listener_; }

  [[nodiscard]] std::uint64_t context_switches() const;
  // Voluntary ones of all threads: how often the shaper went to sleep.

  os::FrameRing ring;
  os::RouterMemory* memory = nullptr;  // the router's own, to misuse
  std::string operator_socket;

 private:
  void make_tree(const std::string& capacity, const std::string& more);
  [[nodiscard]] bool post_as(FlowId flow, os::FramePosting posting);
  os::Fd listen(const std::string& name) const;

  std::string root_;
  os::Fd frames_listener_;
  os::Fd rpc_listener_;
  os::Fd operator_listener_;
  std::vector<os::Fd> wire_;
  os::Fd receiver_;
  Endpoint receiver_at_;
  os::Fd connection_;
  pid_t pid_ = -1;
};

// What is posted in its lifetime the shaper sees all at once, however the machine's processes take
// turns.
class AtOnce {
 public:
  explicit AtOnce(ShaperNode& node) : node_(node) { node_.stop(); }
  AtOnce(const AtOnce&) = delete;
  AtOnce& operator=(const AtOnce&) = delete;
  ~AtOnce() {
    node_.ring.flush();
    node_.resume();
  }

 private:
  ShaperNode& node_;
};

inline constexpr int kAttempts = 5;

// Whether one of so many attempts holds: what other processes do can make the shaper late in one of
// them, and never faster or in another order. Those claims are checked inside, each time.
template <typename Attempt>
[[nodiscard]] bool holds_once(Attempt attempt) {
  for (int i = 0; i < kAttempts; ++i) {
    if (attempt()) return true;
  }
  return false;
}

}  // namespace covfefe::tests
