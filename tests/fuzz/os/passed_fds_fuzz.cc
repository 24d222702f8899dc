// SPDX-License-Identifier: Apache-2.0
// Messages with descriptors from a process that may have been taken over: the TUN device's
// hand-over, both halves of the rings' meeting, and any shape. The input is {receiver 1, count of
// descriptors 1, their kinds, payload}. Whatever comes, no descriptor stays open that nobody owns.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "base/bug.h"
#include "os/fdpass.h"
#include "os/ring_handshake.h"
#include "os/tun_handover.h"

namespace covfefe::os {
namespace {

constexpr std::uint64_t kGeneration = 7;
constexpr int kAllSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;

Fd memory(std::size_t bytes, std::uint64_t magic, int seals) {
  Fd out(memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const std::array<std::uint64_t, 2> title{magic, kGeneration};
  const bool made = ftruncate(out.number(), static_cast<off_t>(bytes)) == 0 &&
                    pwrite(out.number(), title.data(), sizeof title, 0) == sizeof title &&
                    (seals == 0 || fcntl(out.number(), F_ADD_SEALS, seals) == 0);
  if (!made) bug("no memory to pass");
  return out;
}

Fd descriptor(std::uint8_t kind) {
  switch (kind % 9) {
    case 0:
      return memory(kShaperMemoryBytes, kShaperMagic, kAllSeals);
    case 1:
      return memory(kRouterMemoryBytes, kRouterMagic, kAllSeals);
    case 2:
      return memory(kShaperMemoryBytes, kShaperMagic, kAllSeals & ~F_SEAL_SHRINK);
    case 3:
      return memory(kRouterMemoryBytes - 4'096, kRouterMagic, kAllSeals);
    case 4:
      return memory(kRouterMemoryBytes, kShaperMagic, kAllSeals);
    case 5:
      return memory(kShaperMemoryBytes, kRouterMagic, 0);
    case 6:
      return Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    case 7:
      return Fd(eventfd(0, EFD_CLOEXEC));
    default:
      return Fd(open("/dev/null", O_RDWR | O_CLOEXEC));
  }
}

int lowest_free() {
  return Fd(open("/dev/null", O_RDONLY | O_CLOEXEC)).number();
}

struct Pair {
  Fd near;
  Fd far;
  Pair() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) bug("no sockets");
    near = Fd(ends[0]);
    far = Fd(ends[1]);
  }
};

void send(const Fd& socket, Reader& in) {
  std::vector<Fd> owned;
  std::vector<int> passed;
  const std::size_t count = in.le<std::uint8_t>() % (kMaxPassedFds + 1);
  for (std::size_t i = 0; i < count; ++i) {
    owned.push_back(descriptor(in.le<std::uint8_t>()));
    passed.push_back(owned.back().number());
  }
  (void)send_fds(socket, passed, in.take(std::min(in.remaining(), kMaxPassedBytes)));
}

void check(const RouterEnd& end) {
  if (end.theirs.size() != kShaperMemoryBytes || !end.theirs.mapped()) bug("half an end");
}

void check(const ShaperEnd& end) {
  if (end.theirs.size() != kRouterMemoryBytes || !end.mine.mapped()) bug("half an end");
  end.wake_router.signal();
}

void receive(const Pair& pair, std::uint8_t receiver, Reader& in) {
  if (receiver % 4 == 1) {
    auto offer = offer_rings(pair.near, kGeneration);
    if (!offer) bug("no offer");
    send(pair.far, in);
    if (const auto end = finish_rings(pair.near, std::move(*offer))) check(*end);
    return;
  }
  send(pair.far, in);
  if (receiver % 4 == 0) {
    if (const auto end = accept_rings(pair.near)) check(*end);
  } else if (receiver % 4 == 2) {
    const auto handed = receive_tun(pair.near);
    if (handed && (handed->name.empty() || handed->name.size() > 15)) bug("a name of no length");
  } else {
    const MessageShape shape{receiver / 4u % 10, receiver / 4u};
    const auto passed = receive_fds(pair.near, shape);
    if (passed && (passed->fds.size() != shape.fds || passed->payload.size() != shape.bytes)) {
      bug("another shape");
    }
  }
}

}  // namespace
}  // namespace covfefe::os

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace covfefe::os;
  covfefe::Reader in({data, size});
  const int before = lowest_free();
  {
    const Pair pair;
    receive(pair, in.le<std::uint8_t>(), in);
  }
  if (lowest_free() != before) covfefe::bug("a descriptor stays open");
  return 0;
}
