// SPDX-License-Identifier: Apache-2.0
#include "tests/process/sandbox/jail_acts.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace covfefe::test {
namespace {

int outcome(long result) {
  return result < 0 ? errno : 0;
}

char letter = 'x';
iovec one_letter() {
  return {&letter, 1};
}

sockaddr_in far_end(const Held& held) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  to.sin_addr.s_addr = htonl(held.to);
  return to;
}

struct Message {
  sockaddr_in to{};
  iovec part = one_letter();
  mmsghdr header{};
  Message() {
    header.msg_hdr.msg_iov = &part;
    header.msg_hdr.msg_iovlen = 1;
  }
  explicit Message(const Held& held) : Message() {
    to = far_end(held);
    header.msg_hdr.msg_name = &to;
    header.msg_hdr.msg_namelen = sizeof to;
  }
};

// Nothing waits on the test's sockets: that the kernel looked is the success.
int received(long result) {
  return result >= 0 || errno == EAGAIN ? 0 : errno;
}

void* do_nothing(void*) {
  return nullptr;
}

}  // namespace

int execute_program(const Held&) {
  char path[] = "/bin/true";
  char* const arguments[] = {path, nullptr};
  return outcome(::execv(path, arguments));
}
int trace_parent(const Held&) {
  return outcome(::ptrace(PTRACE_ATTACH, ::getppid(), 0, 0));
}
int map_executable(const Held&) {
  void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == MAP_FAILED ? errno : 0;
}
int make_executable(const Held&) {
  void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return EFAULT;
  return outcome(::mprotect(at, 4096, PROT_READ | PROT_EXEC));
}
int fork_process(const Held&) {
  const long pid = ::syscall(SYS_fork);
  if (pid == 0) ::_exit(0);
  return outcome(pid);
}
int clone_process(const Held&) {
  const long pid = ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) ::_exit(0);
  return outcome(pid);
}
int unshare_users(const Held&) {
  return outcome(::unshare(CLONE_NEWUSER));
}
int become_root(const Held&) {
  return outcome(::syscall(SYS_setuid, 0));
}
int use_bpf(const Held&) {
  return outcome(::syscall(SYS_bpf, 0, 0, 0));
}
int use_io_uring(const Held&) {
  return outcome(::syscall(SYS_io_uring_setup, 1, 0));
}
int use_userfaultfd(const Held&) {
  return outcome(::syscall(SYS_userfaultfd, 0));
}
int use_keys(const Held&) {
  return outcome(::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -3, 0));
}
int use_perf(const Held&) {
  perf_event_attr attributes{};
  return outcome(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}
int change_personality(const Held&) {
  return outcome(::personality(READ_IMPLIES_EXEC));
}
int read_parent_memory(const Held&) {
  iovec here = one_letter();
  iovec there = one_letter();
  return outcome(::syscall(SYS_process_vm_readv, ::getppid(), &here, 1, &there, 1, 0));
}
int mount_something(const Held&) {
  return outcome(::mount("none", "/mnt", "tmpfs", 0, ""));
}
int signal_parent(const Held&) {
  return outcome(::kill(::getppid(), 0));
}
int signal_parent_thread(const Held&) {
  return outcome(::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0));
}
int become_dumpable(const Held&) {
  return outcome(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}
int raise_limit(const Held&) {
  const rlimit limit{64, 64};
  return outcome(::setrlimit(RLIMIT_NOFILE, &limit));
}
int call_clone3(const Held&) {
  return outcome(::syscall(SYS_clone3, nullptr, 0));
}
int lock_memory(const Held&) {
  // The call itself: sanitizers answer mlock() without asking the kernel.
  return outcome(static_cast<int>(::syscall(SYS_mlock, "locked", 1)));
}
int keep_tun(const Held& held) {
  return outcome(::ioctl(held.tun, TUNSETOWNER, 0));
}

int open_udp_socket(const Held&) {
  return outcome(::socket(AF_INET, SOCK_DGRAM, 0));
}
int open_tcp_socket(const Held&) {
  return outcome(::socket(AF_INET6, SOCK_STREAM, 0));
}
int open_unix_socket(const Held&) {
  return outcome(::socket(AF_UNIX, SOCK_STREAM, 0));
}
int open_netlink_socket(const Held&) {
  return outcome(::socket(AF_NETLINK, SOCK_RAW, 0));
}
int send_to_udp(const Held& held) {
  const sockaddr_in to = far_end(held);
  return outcome(
      ::sendto(held.udp, &letter, 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to));
}
int send_message_udp(const Held& held) {
  const Message message(held);
  return outcome(::sendmsg(held.udp, &message.header.msg_hdr, 0));
}
int send_messages_udp(const Held& held) {
  Message message(held);
  return outcome(::sendmmsg(held.udp, &message.header, 1, 0));
}
int write_udp(const Held& held) {
  return outcome(::write(held.udp, &letter, 1));
}
int write_vector_udp(const Held& held) {
  const iovec part = one_letter();
  return outcome(::writev(held.udp, &part, 1));
}
int write_udp_dirty_register(const Held& held) {
  // The kernel takes the low half as the descriptor; the filter must not take only that.
  const long dirty = static_cast<long>(0x7fff'ffff'0000'0000UL) | held.udp;
  return outcome(::syscall(SYS_write, dirty, &letter, 1));
}
int connect_udp(const Held& held) {
  const sockaddr_in to = far_end(held);
  return outcome(::connect(held.udp, reinterpret_cast<const sockaddr*>(&to), sizeof to));
}
int duplicate_udp(const Held& held) {
  return outcome(::dup(held.udp));
}
int duplicate_udp_below(const Held& held) {
  return outcome(::dup2(held.udp, 100));
}
int duplicate_udp_by_fcntl(const Held& held) {
  return outcome(::fcntl(held.udp, F_DUPFD, 0));
}
int receive_udp(const Held& held) {
  Message message;
  return received(::recvmsg(held.udp, &message.header.msg_hdr, MSG_DONTWAIT));
}
int receive_messages_udp(const Held& held) {
  Message message;
  return received(::recvmmsg(held.udp, &message.header, 1, MSG_DONTWAIT, nullptr));
}
int read_udp(const Held& held) {
  return received(::read(held.udp, &letter, 1));
}
int send_message_peer(const Held& held) {
  const Message message;
  return outcome(::sendmsg(held.peer, &message.header.msg_hdr, 0));
}
int write_peer(const Held& held) {
  return outcome(::write(held.peer, &letter, 1));
}
int set_no_delay(const Held& held) {
  const int on = 1;
  return outcome(::setsockopt(held.peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

int start_thread(const Held&) {
  pthread_t thread{};
  if (const int code = ::pthread_create(&thread, nullptr, &do_nothing, nullptr); code != 0) {
    return code;
  }
  return ::pthread_join(thread, nullptr);
}
int make_ring_memory(const Held&) {
  const int memory = ::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0) return errno;
  if (::ftruncate(memory, 4096) != 0) return errno;
  if (::fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) return errno;
  void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  return at == MAP_FAILED ? errno : 0;
}
int open_etc_passwd(const Held&) {
  return outcome(::open("/etc/passwd", O_RDONLY));
}
int open_etc_passwd_for_writing(const Held&) {
  return outcome(::open("/etc/passwd", O_RDWR));
}
int make_file_in_working_directory(const Held&) {
  const int file = ::open("new", O_RDWR | O_CREAT | O_EXCL, 0600);
  if (file < 0) return errno;
  if (::write(file, &letter, 1) != 1) return errno;
  return outcome(::fsync(file));
}
int make_directory_in_working_directory(const Held&) {
  return outcome(::mkdir("sub", 0700));
}
int abort_itself(const Held&) {
  std::abort();
}

}  // namespace covfefe::test
