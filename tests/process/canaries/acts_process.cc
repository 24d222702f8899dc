// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "tests/process/canaries/acts.h"

namespace covfefe::test {
namespace {

int outcome(long result) {
  return result < 0 ? errno : 0;
}

// A child that was made after all must not go on as a second twin.
int outcome_of_child(long pid) {
  if (pid == 0) ::_exit(0);
  return outcome(pid);
}

int raise_limit_of(__rlimit_resource_t resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) limit.rlim_max = 0;
  limit.rlim_max += 4096;
  limit.rlim_cur = limit.rlim_max;
  return outcome(::setrlimit(resource, &limit));
}

char letter = 'x';

}  // namespace

int execute_memory(const Held& held) {
  char* const none[] = {nullptr};
  return outcome(::syscall(SYS_execveat, held.program, "", none, none, AT_EMPTY_PATH));
}
int execute_memory_by_path(const Held& held) {
  const std::string path = "/proc/self/fd/" + std::to_string(held.program);
  char* const none[] = {nullptr};
  return outcome(::execve(path.c_str(), none, none));
}
int vfork_process(const Held&) {
  // As clone(2) spells it: a vfork that returned twice would destroy this frame.
  return outcome_of_child(::syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));
}
int clone_user_space(const Held&) {
  return outcome_of_child(::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}
int clone_network_space(const Held&) {
  return outcome_of_child(::syscall(SYS_clone, CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0));
}
int trace_me(const Held&) {
  return outcome(::ptrace(PTRACE_TRACEME, 0, 0, 0));
}
int write_other_memory(const Held& held) {
  iovec here{&letter, 1};
  iovec there{&letter, 1};
  return outcome(::syscall(SYS_process_vm_writev, held.other, &here, 1, &there, 1, 0));
}
int open_other_process(const Held& held) {
  return outcome(::syscall(SYS_pidfd_open, held.other, 0));
}
int take_descriptor(const Held& held) {
  return outcome(::syscall(SYS_pidfd_getfd, held.peer, 0, 0));
}
int compare_processes(const Held& held) {
  return outcome(::syscall(SYS_kcmp, ::getpid(), held.other, KCMP_VM, 0, 0));
}
int kill_other(const Held& held) {
  return outcome(::kill(held.other, 0));
}
int kill_all(const Held&) {
  return outcome(::kill(-1, 0));
}
int kill_other_thread(const Held& held) {
  return outcome(::syscall(SYS_tgkill, held.other, held.other, 0));
}
int queue_signal(const Held& held) {
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  return outcome(::syscall(SYS_rt_sigqueueinfo, held.other, 0, &info));
}
int raise_priority(const Held&) {
  return outcome(::setpriority(PRIO_PROCESS, 0, -10));
}
int use_realtime(const Held&) {
  const sched_param fifo{1};
  return outcome(::sched_setscheduler(0, SCHED_FIFO, &fifo));
}
int raise_core_limit(const Held&) {
  return raise_limit_of(RLIMIT_CORE);
}
int raise_file_limit(const Held&) {
  return raise_limit_of(RLIMIT_NOFILE);
}

int map_writable_executable(const Held&) {
  constexpr int kAll = PROT_READ | PROT_WRITE | PROT_EXEC;
  void* at = ::mmap(nullptr, 4096, kAll, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == MAP_FAILED ? errno : 0;
}
int map_memory_executable(const Held& held) {
  void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, held.program, 0);
  return at == MAP_FAILED ? errno : 0;
}
int make_key_executable(const Held&) {
  void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return EFAULT;
  return outcome(::syscall(SYS_pkey_mprotect, at, 4096, PROT_READ | PROT_EXEC, -1));
}
int attach_executable(const Held&) {
  const int segment = ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  if (segment < 0) return errno;
  void* at = ::shmat(segment, nullptr, SHM_EXEC);
  ::shmctl(segment, IPC_RMID, nullptr);
  return at == reinterpret_cast<void*>(-1) ? errno : 0;
}
int lock_all_memory(const Held&) {
  return outcome(::mlockall(MCL_CURRENT | MCL_FUTURE));
}

}  // namespace covfefe::test
