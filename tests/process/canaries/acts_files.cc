// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <string>

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

}  // namespace

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
