// SPDX-License-Identifier: Apache-2.0
#include "tests/process/canaries/held.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sandbox/policy.h"

namespace covfefe::test {
namespace {

constexpr int kFirstInherited = 3;

int above_the_wall(int low) {
  const int high = ::fcntl(low, F_DUPFD_CLOEXEC, static_cast<int>(sandbox::kUdpFdWall));
  ::close(low);
  return high;
}

int loopback_udp() {
  const int low = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(low, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) std::abort();
  return above_the_wall(low);
}

int inherited(bool (*wanted)(int fd)) {
  const char* count = std::getenv("LISTEN_FDS");
  for (int fd = kFirstInherited; count != nullptr && fd < kFirstInherited + std::atoi(count);
       ++fd) {
    if (wanted(fd)) return fd;
  }
  return -1;
}

int option_of(int fd, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

bool is_udp(int fd) {
  return option_of(fd, SO_TYPE) == SOCK_DGRAM && option_of(fd, SO_DOMAIN) != AF_UNIX;
}

bool is_device(int fd) {
  struct stat what {};
  return ::fstat(fd, &what) == 0 && S_ISCHR(what.st_mode);
}

int program_in_memory() {
  const int from = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  const int memory = ::memfd_create("program", MFD_CLOEXEC);
  struct stat size {};
  for (off_t done = 0; memory >= 0 && ::fstat(from, &size) == 0 && done < size.st_size;) {
    const ssize_t n = ::sendfile(memory, from, nullptr, static_cast<std::size_t>(size.st_size));
    if (n <= 0) break;
    done += n;
  }
  ::close(from);
  return memory;
}

void attach(int tun) {
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, "canary0", sizeof request.ifr_name - 1);
  if (::ioctl(tun, TUNSETIFF, &request) != 0) std::perror("attach to the TUN device");
}

void write_file(const std::string& path) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << "not for everybody\n";
  ::chmod(path.c_str(), 0666);
}

void listen_at(const std::string& path, uid_t owner) {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::strncpy(at.sun_path, path.c_str(), sizeof at.sun_path - 1);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      ::listen(listener, 64) != 0 || ::chmod(path.c_str(), 0600) != 0 ||
      ::chown(path.c_str(), owner, owner) != 0) {
    std::abort();
  }
}

}  // namespace

void furnish(const std::string& root) {
  for (const char* path :
       {"/etc/covfefenet.yaml", "/etc/covfefe/credentials/keystore.key",
        "/var/lib/covfefe/keystore/keys.sealed", "/var/lib/covfefe/peerdb/peers.db"}) {
    write_file(root + path);
  }
  for (const char* open : {"/var/lib/covfefe/keystore", "/var/lib/covfefe/peerdb"}) {
    ::chmod((root + open).c_str(), 0777);
  }
  std::filesystem::create_directories(root + "/run/covfefe");
  listen_at(root + "/run/covfefe/keystore.operator.sock", sandbox::kKeystore.user.reserved_id);
  listen_at(root + "/run/covfefe/peerdb.operator.sock", sandbox::kPeerdb.user.reserved_id);
}

Held hold_as_launched(const char* root, pid_t other) {
  Held held;
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) std::abort();
  held.peer = pair[0];
  held.udp = loopback_udp();
  held.tun = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  attach(held.tun);
  held.program = program_in_memory();
  held.space = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  held.other = other;
  held.root = root;
  return held;
}

Held hold_as_unit() {
  Held held;
  const int udp = inherited(is_udp);
  if (udp >= 0) held.udp = above_the_wall(udp);
  (void)::fcntl(held.udp, F_SETFL, O_RDWR | O_NONBLOCK);
  // A listening socket stands for every stream.
  held.peer = kFirstInherited;
  held.tun = inherited(is_device);
  if (held.tun < 0) held.tun = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (held.tun >= 0) attach(held.tun);
  held.program = program_in_memory();
  held.space = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  held.other = 1;
  held.to = 0xc000'0209;  // 192.0.2.9, for documentation only: the test routes it to nowhere
  return held;
}

void start_as_many_threads(sandbox::Threads threads) {
  if (threads == sandbox::Threads::None) return;
  std::thread([] {
    for (;;) ::pause();
  }).detach();
}

}  // namespace covfefe::test
