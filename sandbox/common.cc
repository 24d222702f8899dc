// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/sched.h>
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
    allow(SCMP_SYS(brk), "the allocator's arena grows and shrinks"),
    allow(SCMP_SYS(mmap), "allocator, thread stacks, shared rings; never executable",
          {masked(2, PROT_EXEC, 0)}),
    allow(SCMP_SYS(munmap), "give memory back to the kernel"),

    // Descriptors below the wall: the UDP sockets are above it, and have their own entries.
    allow(SCMP_SYS(write), "log lines, the supervisor, eventfd, files and streams",
          {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(pread64), "read the jail's own state, and files", {below(0, kUdpFdWall)}),
    allow(SCMP_SYS(close), "end of a connection or of a mapping's descriptor"),
    allow(SCMP_SYS(accept4), "a neighbour or the operator connects to an inherited socket"),

    allow(SCMP_SYS(futex), "mutexes, joining threads, what the C++ library does once"),
    allow(SCMP_SYS(getrandom), "keys and nonces"),
    allow(SCMP_SYS(prctl), "self-audit: dumpable", {equals(0, PR_GET_DUMPABLE)}),
    rare(allow(SCMP_SYS(clock_gettime), "the clock, where the vDSO cannot read it"),
         "Linux lib/vdso/gettimeofday.c: with a clock source other than tsc and kvm-clock"),

    // The end.
    allow(SCMP_SYS(rt_sigprocmask), "threads and abort() block signals"),
    allow(SCMP_SYS(getpid), "abort() and the inspection name their own process"),
    allow(SCMP_SYS(gettid), "abort() names its own thread"),
    allow(SCMP_SYS(tgkill), "abort() ends its own process, no other",
          {own_pid(0), equals(2, SIGABRT)}),
    allow(SCMP_SYS(exit_group), "end of the process"),
};

// What glibc's pthread_create passes, bit for bit.
constexpr std::uint64_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                                       CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
                                       CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

constexpr Call kThreadingCalls[] = {
    allow(SCMP_SYS(clone), "start a thread of this process, nothing else",
          {equals(0, kThreadFlags)}),
    refuse(SCMP_SYS(clone3), ENOSYS, "flags lie in memory; glibc falls back to clone"),
    allow(SCMP_SYS(rseq), "every new thread of glibc registers itself; newer ones abort without"),
    allow(SCMP_SYS(set_robust_list), "every new thread registers its locks"),
    allow(SCMP_SYS(rt_sigaction), "glibc's handler that reaches all threads, with the first one"),
    allow(SCMP_SYS(mprotect), "guard pages of stacks, arenas of threads; never executable",
          {masked(2, PROT_EXEC, 0)}),
    allow(SCMP_SYS(madvise), "the stack of a thread that ended"),
    refuse(SCMP_SYS(openat), EACCES, "glibc looks for vm.overcommit_memory when an arena shrinks"),
    allow(SCMP_SYS(exit), "end of a thread"),
    rare(allow(SCMP_SYS(gettimeofday), "libevent's clock, where the vDSO cannot read it"),
         "Linux lib/vdso/gettimeofday.c: with a clock source other than tsc and kvm-clock"),
    allow(SCMP_SYS(timerfd_create), "precise timers of libevent"),
    allow(SCMP_SYS(timerfd_settime), "set a precise timer"),
};

}  // namespace

constinit const CallSet kCommon{"common", kCommonCalls};
constinit const CallSet kThreading{"two loops", kThreadingCalls};

}  // namespace covfefe::sandbox
