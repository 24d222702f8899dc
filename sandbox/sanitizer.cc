// SPDX-License-Identifier: Apache-2.0
// Only in builds with -Db_sanitize: what the sanitizers' run-time does on its own, so that the
// whole suite can run jailed under them. Each entry yields to the policy where that names the call.
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>

#include "sandbox/filter.h"

// Looking for leaks at exit starts a process that traces this one: exactly what the jail forbids.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() {
  return 1;
}

// Nobody can set these by the environment of a service: its launcher gives it none.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "abort_on_error=1";
}
extern "C" const char* __ubsan_default_options();
extern "C" const char* __ubsan_default_options() {
  return "print_stacktrace=1:halt_on_error=1";
}

namespace covfefe::sandbox {
namespace {

constexpr Call kSanitizerCalls[] = {
    allow(SCMP_SYS(pipe2), "UBSan probes with a pipe whether a virtual table is readable"),
    allow(SCMP_SYS(pipe), "UBSan probes with a pipe whether a virtual table is readable"),
    allow(SCMP_SYS(getrlimit), "ASan asks for the size of a thread's stack"),
    allow(SCMP_SYS(prlimit64), "ASan asks for the size of a stack", {equals(2, 0)}),
    allow(SCMP_SYS(mprotect), "shadow memory of a thread", {masked(2, PROT_EXEC, 0)}),
    allow(SCMP_SYS(madvise), "shadow memory that is free again"),
    allow(SCMP_SYS(mremap), "ASan's allocator"),
    allow(SCMP_SYS(sched_getaffinity), "ASan's allocator asks for the number of processors"),
    allow(SCMP_SYS(sysinfo), "the run-time asks for the size of memory"),
    allow(SCMP_SYS(nanosleep), "the run-time waits for its own locks"),
    allow(SCMP_SYS(clock_nanosleep), "the run-time waits for its own locks"),
    allow(SCMP_SYS(lseek), "a report looks where its file stands"),
    allow(SCMP_SYS(getuid), "the run-time asks whose process it is"),
    allow(SCMP_SYS(geteuid), "the run-time asks whose process it is"),
    allow(SCMP_SYS(sched_yield), "spin locks of the run-time"),
    allow(SCMP_SYS(sigaltstack), "every thread gets a stack for reports"),
    allow(SCMP_SYS(rt_sigaction), "handlers of faults are taken away for the report"),
    allow(SCMP_SYS(fstat), "a report asks what standard error is"),
    allow(SCMP_SYS(newfstatat), "a report asks what standard error is"),
    allow(SCMP_SYS(read), "UBSan reads from its pipe"),
    refuse(SCMP_SYS(openat), EACCES, "a report names its source lines only where it may read"),
    refuse(SCMP_SYS(open), EACCES, "a report names its source lines only where it may read"),
    refuse(SCMP_SYS(readlink), EACCES, "a report asks for the name of the program"),
    refuse(SCMP_SYS(stat), EACCES, "a report looks for a symbolizer"),
};

}  // namespace

std::span<const Call> sanitizer_calls() {
  return kSanitizerCalls;
}

}  // namespace covfefe::sandbox
