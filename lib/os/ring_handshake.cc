// SPDX-License-Identifier: Apache-2.0
#include "os/ring_handshake.h"

#include <fcntl.h>

#include <array>
#include <cerrno>

#include "os/fdpass.h"

namespace covfefe::os {
namespace {

constexpr std::uint64_t kHelloMagic = 0x676e697272766f63;  // "covrring", little-endian
constexpr std::size_t kHelloBytes = 24;  // magic 8, version 4, zero 4, generation 8

using Hello = ByteArray<kHelloBytes>;

Hello hello_for(std::uint64_t generation) {
  Hello out{};
  store_le<std::uint64_t>(out.data(), kHelloMagic);
  store_le<std::uint32_t>(out.data() + 8, kRingVersion);
  store_le<std::uint64_t>(out.data() + 16, generation);
  return out;
}

SysError not_spoken(const char* what) {
  return SysError{"attach rings", what, EPROTO};
}

template <typename Memory>
bool title_is(const SharedMemory& memory, std::uint64_t magic, std::uint64_t generation) {
  const SharedTitle& title = static_cast<const Memory*>(memory.data())->title;
  return title.magic.load(std::memory_order_relaxed) == magic &&
         title.generation.load(std::memory_order_relaxed) == generation;
}

template <typename Memory>
void set_title(const SharedMemory& memory, std::uint64_t magic, std::uint64_t generation) {
  SharedTitle& title = static_cast<Memory*>(memory.data())->title;
  title.magic.store(magic, std::memory_order_relaxed);
  title.generation.store(generation, std::memory_order_relaxed);
}

SysResult<RouterEnd> make_router_end(std::uint64_t generation) {
  auto memory = SharedMemory::create("covfefe-frames", kRouterMemoryBytes);
  if (!memory) return memory.error();
  set_title<RouterMemory>(*memory, kRouterMagic, generation);
  auto wake_shaper = EventFd::create();
  if (!wake_shaper) return wake_shaper.error();
  auto wake_router = EventFd::create();
  if (!wake_router) return wake_router.error();
  RouterEnd out;
  out.mine = std::move(*memory);
  out.wake_shaper = std::move(*wake_shaper);
  out.wake_router = std::move(*wake_router);
  return out;
}

bool never_blocks(const Fd& fd) {
  const int flags = ::fcntl(fd.number(), F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

}  // namespace

SysResult<RouterEnd> accept_rings(const Fd& socket) {
  auto hello = receive_fds(socket, {.fds = 1, .bytes = kHelloBytes});
  if (!hello) return hello.error();
  const auto generation = load_le<std::uint64_t>(hello->payload.data() + 16);
  const Hello answer = hello_for(generation);
  if (!std::equal(answer.begin(), answer.end(), hello->payload.begin())) {
    return not_spoken("hello of another version");
  }
  auto theirs = SharedMemory::map_theirs(std::move(hello->fds[0]), kShaperMemoryBytes);
  if (!theirs) return theirs.error();
  if (!title_is<ShaperMemory>(*theirs, kShaperMagic, generation)) {
    return not_spoken("memory of another shaper");
  }
  auto end = make_router_end(generation);
  if (!end) return end.error();
  const std::array<int, 3> passed = {end->mine.fd().number(), end->wake_shaper.fd().number(),
                                     end->wake_router.fd().number()};
  if (auto sent = send_fds(socket, passed, answer); !sent) return sent.error();
  end->theirs = std::move(*theirs);
  end->theirs.close_fd();
  end->mine.close_fd();
  return end;
}

SysResult<ShaperMemoryOffer> offer_rings(const Fd& socket, std::uint64_t generation) {
  auto memory = SharedMemory::create("covfefe-completions", kShaperMemoryBytes);
  if (!memory) return memory.error();
  set_title<ShaperMemory>(*memory, kShaperMagic, generation);
  const std::array<int, 1> passed = {memory->fd().number()};
  if (auto sent = send_fds(socket, passed, hello_for(generation)); !sent) return sent.error();
  memory->close_fd();
  ShaperMemoryOffer out;
  out.mine = std::move(*memory);
  out.generation = generation;
  return out;
}

SysResult<ShaperEnd> finish_rings(const Fd& socket, ShaperMemoryOffer offer) {
  auto answer = receive_fds(socket, {.fds = 3, .bytes = kHelloBytes});
  if (!answer) return answer.error();
  const Hello expected = hello_for(offer.generation);
  if (!std::equal(expected.begin(), expected.end(), answer->payload.begin())) {
    return not_spoken("answer to another hello");
  }
  auto theirs = SharedMemory::map_theirs(std::move(answer->fds[0]), kRouterMemoryBytes);
  if (!theirs) return theirs.error();
  if (!title_is<RouterMemory>(*theirs, kRouterMagic, offer.generation)) {
    return not_spoken("memory of another router");
  }
  if (!never_blocks(answer->fds[1]) || !never_blocks(answer->fds[2])) {
    return not_spoken("wake-up descriptors that may block");
  }
  ShaperEnd out;
  out.mine = std::move(offer.mine);
  out.theirs = std::move(*theirs);
  out.theirs.close_fd();
  out.wake_shaper = EventFd(std::move(answer->fds[1]));
  out.wake_router = EventFd(std::move(answer->fds[2]));
  return out;
}

}  // namespace covfefe::os
