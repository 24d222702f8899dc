// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>

#include "sandbox/sets.h"

namespace covfefe::sandbox {
namespace {

constexpr Call kCommonCalls[] = {
    // Memory. Nothing new is ever executable.
    allow(SCMP_SYS(brk), "the allocator's first arena"),
    allow(SCMP_SYS(mmap), "allocator, thread stacks, shared rings; never executable",
          {masked(2, PROT_EXEC, 0)}),
    allow(SCMP_SYS(mprotect), "guard pages of stacks and of secret memory; never executable",
          {masked(2, PROT_EXEC, 0)}),
    allow(SCMP_SYS(munmap), "give memory back to the kernel"),
    allow(SCMP_SYS(mremap), "realloc of large blocks"),
    allow(SCMP_SYS(madvise), "allocator trims; secret memory is kept out of dumps"),

    // Descriptors below the wall: the UDP sockets are above it, and have their own entries.
    allow(SCMP_SYS(read), "eventfd, timerfd, files and streams", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(readv), "the TUN device and streams", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(write), "log lines, eventfd, files and streams", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(pread64), "read the jail's own state, and files", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(writev), "the TUN device and RPC streams", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(close), "end of a connection or of a mapping's descriptor"),
    allow(SCMP_SYS(fcntl), "is a descriptor open, will it block", {equals(1, F_GETFL)}),
    allow(SCMP_SYS(fcntl), "make a descriptor non-blocking, never blocking again",
          {equals(1, F_SETFL), masked(2, O_NONBLOCK, O_NONBLOCK)}),
    allow(SCMP_SYS(fcntl), "is a descriptor inherited", {equals(1, F_GETFD)}),
    allow(SCMP_SYS(fcntl), "close on exec", {equals(1, F_SETFD)}),
    allow(SCMP_SYS(fstat), "size and kind of an open descriptor"),
    allow(SCMP_SYS(newfstatat), "how glibc spells fstat; tells at worst that a file exists"),
    allow(SCMP_SYS(lseek), "files and glibc's streams", {below(0, kUdpFdWall)}),

    // Waiting.
    allow(SCMP_SYS(epoll_create1), "the event loop of a thread made after confine"),
    allow(SCMP_SYS(epoll_ctl), "watch a descriptor"),
    allow(SCMP_SYS(epoll_wait), "wait for events"),
    allow(SCMP_SYS(epoll_pwait), "how newer glibc spells epoll_wait"),
    allow(SCMP_SYS(poll), "wait for one descriptor"),
    allow(SCMP_SYS(ppoll), "how newer glibc spells poll"),
    allow(SCMP_SYS(eventfd2), "mailboxes, rings and loops wake one another"),
    allow(SCMP_SYS(timerfd_create), "precise timers of libevent"),
    allow(SCMP_SYS(timerfd_settime), "set a precise timer"),
    allow(SCMP_SYS(futex), "mutexes and joining threads"),
    allow(SCMP_SYS(clock_nanosleep), "back-off between attempts"),
    allow(SCMP_SYS(nanosleep), "back-off between attempts, older spelling"),
    allow(SCMP_SYS(restart_syscall), "the kernel resumes an interrupted wait"),
    allow(SCMP_SYS(sched_yield), "spin locks of the C++ library"),

    // Time and randomness; the vDSO answers most of it without a call.
    allow(SCMP_SYS(clock_gettime), "the clock, where the vDSO cannot read it"),
    allow(SCMP_SYS(clock_getres), "the clock's resolution, asked by libevent"),
    allow(SCMP_SYS(gettimeofday), "the clock, older spelling"),
    allow(SCMP_SYS(time), "the clock, oldest spelling"),
    allow(SCMP_SYS(getrandom), "keys and nonces"),

    // Who am I: numbers only.
    allow(SCMP_SYS(getpid), "abort() names its own process"),
    allow(SCMP_SYS(gettid), "abort() names its own thread"),
    allow(SCMP_SYS(getuid), "libraries ask whether they run set-uid"),
    allow(SCMP_SYS(geteuid), "libraries ask whether they run set-uid"),
    allow(SCMP_SYS(getgid), "libraries ask whether they run set-gid"),
    allow(SCMP_SYS(getegid), "libraries ask whether they run set-gid"),
    allow(SCMP_SYS(sched_getaffinity), "number of processors, asked by libraries"),
    allow(SCMP_SYS(sysinfo), "memory size, asked by qsort and allocators"),
    allow(SCMP_SYS(prlimit64), "read a limit; a new value is never passed", {equals(2, 0)}),
    allow(SCMP_SYS(prctl), "self-audit: no_new_privs", {equals(0, PR_GET_NO_NEW_PRIVS)}),
    allow(SCMP_SYS(prctl), "self-audit: dumpable", {equals(0, PR_GET_DUMPABLE)}),
    allow(SCMP_SYS(prctl), "self-audit: seccomp mode", {equals(0, PR_GET_SECCOMP)}),
    allow(SCMP_SYS(prctl), "name a thread for the operator", {equals(0, PR_SET_NAME)}),

    // Signals and the end.
    allow(SCMP_SYS(rt_sigaction), "event loops install handlers; abort() removes its own"),
    allow(SCMP_SYS(rt_sigprocmask), "threads and abort() block signals"),
    allow(SCMP_SYS(rt_sigreturn), "return from a signal handler"),
    allow(SCMP_SYS(sigaltstack), "handlers of stack overflow"),
    allow(SCMP_SYS(tgkill), "abort() signals its own process, no other", {own_pid(0)}),
    allow(SCMP_SYS(exit), "end of a thread"),
    allow(SCMP_SYS(exit_group), "end of the process"),

    refuse(SCMP_SYS(clone3), ENOSYS, "flags lie in memory; glibc falls back to clone"),
    allow(SCMP_SYS(rseq), "every new thread of glibc registers itself; newer ones abort without"),
};

// What glibc's pthread_create passes, bit for bit.
constexpr std::uint64_t kThreadFlags = 0x3d0f00;

constexpr Call kThreadingCalls[] = {
    allow(SCMP_SYS(clone), "start a thread of this process, nothing else",
          {equals(0, kThreadFlags)}),
    allow(SCMP_SYS(set_robust_list), "every new thread registers its locks"),
};

}  // namespace

constinit const CallSet kCommon{"common", kCommonCalls};
constinit const CallSet kThreading{"threads", kThreadingCalls};

}  // namespace covfefe::sandbox
