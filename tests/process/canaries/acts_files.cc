// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "tests/process/canaries/acts.h"

namespace covfefe::test {
namespace {

int outcome(long result) {
  return result < 0 ? errno : 0;
}

std::string below(const Held& held, const char* path) {
  return (held.root[1] == '\0' ? std::string() : std::string(held.root)) + path;
}

int open_below(const Held& held, const char* path, int mode) {
  return outcome(::open(below(held, path).c_str(), mode | O_CLOEXEC));
}

int execute_at(const std::string& path, int fd) {
  // What is open for writing cannot be executed.
  ::close(fd);
  char* const none[] = {nullptr};
  // Of no format: where it may be executed, that is what the kernel complains of.
  return outcome(::execve(path.c_str(), none, none));
}

int map_at(const std::string&, int fd) {
  void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  ::close(fd);
  return at == MAP_FAILED ? errno : 0;
}

// A file of the attacker's, in each place that may let it be made and filled. The first success
// counts, else the denial in the last place that took the file, else that of the last place.
int in_own_file(const Held& held, int (*use)(const std::string& path, int fd)) {
  static constexpr char kPage[4096]{};
  int refused = 0;
  int denied = 0;
  for (const char* place : {"/var/lib/covfefe/keystore", "/var/lib/covfefe/peerdb", "/dev",
                            "/dev/shm", "/run", "/run/user", "/var/tmp", "/tmp"}) {
    const bool state = std::string_view(place).starts_with("/var/lib");
    const std::string path = (state ? below(held, place) : std::string(place)) + "/canary";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0700);
    if (fd < 0) {
      refused = errno;
      continue;
    }
    const bool filled = ::write(fd, kPage, sizeof kPage) == sizeof kPage;
    const int answer = use(path, fd);
    ::unlink(path.c_str());
    if (!filled) return EIO;
    if (answer == 0 || answer == ENOEXEC) return answer;
    denied = answer;
  }
  return denied != 0 ? denied : refused;
}

}  // namespace

int execute_own_file(const Held& held) {
  return in_own_file(held, execute_at);
}
int map_own_file_executable(const Held& held) {
  return in_own_file(held, map_at);
}
int open_key_file(const Held& held) {
  return open_below(held, "/var/lib/covfefe/keystore/keys.sealed", O_RDONLY);
}
int open_database(const Held& held) {
  return open_below(held, "/var/lib/covfefe/peerdb/peers.db", O_RDONLY);
}
int open_credential(const Held& held) {
  return open_below(held, "/etc/covfefe/credentials/keystore.key", O_RDONLY);
}
int open_configuration_for_writing(const Held& held) {
  return open_below(held, "/etc/covfefenet.yaml", O_RDWR);
}
int open_shadow(const Held&) {
  return outcome(::open("/etc/shadow", O_RDONLY | O_CLOEXEC));
}
int open_kernel_messages(const Held&) {
  return outcome(::open("/dev/kmsg", O_RDWR | O_CLOEXEC));
}
int open_environment_of_init(const Held&) {
  return outcome(::open("/proc/1/environ", O_RDONLY | O_CLOEXEC));
}
int change_mode(const Held& held) {
  return outcome(::chmod(below(held, "/etc").c_str(), 0755));
}
int change_owner(const Held& held) {
  return outcome(::chown(below(held, "/etc").c_str(), ::getuid(), ::getgid()));
}
int make_symbolic_link(const Held& held) {
  return outcome(::symlink("/etc/shadow", below(held, "/etc/link").c_str()));
}
int make_hard_link(const Held& held) {
  return outcome(::link("/etc/shadow", below(held, "/etc/link").c_str()));
}
int make_device(const Held&) {
  return outcome(::mknod("/tmp/canary", S_IFCHR | 0600, makedev(1, 1)));
}
int make_directory(const Held& held) {
  return outcome(::mkdir(below(held, "/etc/made").c_str(), 0700));
}

}  // namespace covfefe::test
