// SPDX-License-Identifier: Apache-2.0
#include <seccomp.h>

#include "sandbox/sets.h"

namespace covfefe::sandbox {
namespace {

constexpr Call kDangerousCalls[] = {
    // Other programs.
    kill(SCMP_SYS(execve), "no process of the suite starts another"),
    kill(SCMP_SYS(execveat), "no process of the suite starts another"),
    kill(SCMP_SYS(fork), "no process of the suite starts another"),
    kill(SCMP_SYS(vfork), "no process of the suite starts another"),
    kill(SCMP_SYS(uselib), "loads code from a file"),

    // Other processes' memory and descriptors.
    kill(SCMP_SYS(ptrace), "reads and steers another process"),
    kill(SCMP_SYS(process_vm_readv), "reads another process's memory"),
    kill(SCMP_SYS(process_vm_writev), "writes another process's memory"),
    kill(SCMP_SYS(process_madvise), "steers another process's memory"),
    kill(SCMP_SYS(process_mrelease), "frees another process's memory"),
    kill(SCMP_SYS(pidfd_getfd), "takes another process's descriptor"),
    kill(SCMP_SYS(pidfd_open), "names another process"),
    kill(SCMP_SYS(kcmp), "compares other processes' kernel objects"),
    kill(SCMP_SYS(move_pages), "touches another process's memory"),
    kill(SCMP_SYS(migrate_pages), "touches another process's memory"),

    // Identity. Dropping is done before the filter is in force.
    kill(SCMP_SYS(setuid), "nobody changes user after confine"),
    kill(SCMP_SYS(setgid), "nobody changes group after confine"),
    kill(SCMP_SYS(setreuid), "nobody changes user after confine"),
    kill(SCMP_SYS(setregid), "nobody changes group after confine"),
    kill(SCMP_SYS(setresuid), "nobody changes user after confine"),
    kill(SCMP_SYS(setresgid), "nobody changes group after confine"),
    kill(SCMP_SYS(setfsuid), "nobody changes user after confine"),
    kill(SCMP_SYS(setfsgid), "nobody changes group after confine"),
    kill(SCMP_SYS(setgroups), "nobody changes group after confine"),
    kill(SCMP_SYS(capset), "nobody changes capabilities after confine"),
    kill(SCMP_SYS(personality), "can make all readable memory executable"),

    // Name spaces and file systems.
    kill(SCMP_SYS(unshare), "new user name spaces open most of the kernel's attack surface"),
    kill(SCMP_SYS(setns), "leaves the name space"),
    kill(SCMP_SYS(chroot), "changes what paths mean"),
    kill(SCMP_SYS(pivot_root), "changes what paths mean"),
    kill(SCMP_SYS(mount), "changes what paths mean"),
    kill(SCMP_SYS(umount2), "changes what paths mean"),
    kill(SCMP_SYS(move_mount), "changes what paths mean"),
    kill(SCMP_SYS(open_tree), "changes what paths mean"),
    kill(SCMP_SYS(mount_setattr), "changes what paths mean"),
    kill(SCMP_SYS(fsopen), "changes what paths mean"),
    kill(SCMP_SYS(fsconfig), "changes what paths mean"),
    kill(SCMP_SYS(fsmount), "changes what paths mean"),
    kill(SCMP_SYS(fspick), "changes what paths mean"),
    kill(SCMP_SYS(mknod), "makes devices"),
    kill(SCMP_SYS(mknodat), "makes devices"),
    kill(SCMP_SYS(name_to_handle_at), "half of a way around path checks"),
    kill(SCMP_SYS(open_by_handle_at), "opens files around path checks"),
    kill(SCMP_SYS(swapon), "would write memory to disk"),
    kill(SCMP_SYS(swapoff), "administration of the machine"),
    kill(SCMP_SYS(quotactl), "administration of the machine"),
    kill(SCMP_SYS(quotactl_fd), "administration of the machine"),
    kill(SCMP_SYS(fanotify_init), "watches other processes' files"),

    // Large or often broken parts of the kernel.
    kill(SCMP_SYS(bpf), "loads code into the kernel"),
    kill(SCMP_SYS(perf_event_open), "observes the machine; long history of faults"),
    kill(SCMP_SYS(userfaultfd), "used to win races in the kernel"),
    kill(SCMP_SYS(io_uring_setup), "performs calls that no filter sees"),
    kill(SCMP_SYS(io_uring_enter), "performs calls that no filter sees"),
    kill(SCMP_SYS(io_uring_register), "performs calls that no filter sees"),
    kill(SCMP_SYS(keyctl), "kernel key rings belong to other programs"),
    kill(SCMP_SYS(add_key), "kernel key rings belong to other programs"),
    kill(SCMP_SYS(request_key), "starts a helper program outside the jail"),
    kill(SCMP_SYS(vmsplice), "long history of faults"),
    kill(SCMP_SYS(modify_ldt), "16-bit segments; long history of faults"),

    // The machine itself.
    kill(SCMP_SYS(init_module), "loads code into the kernel"),
    kill(SCMP_SYS(finit_module), "loads code into the kernel"),
    kill(SCMP_SYS(delete_module), "unloads code from the kernel"),
    kill(SCMP_SYS(kexec_load), "replaces the kernel"),
    kill(SCMP_SYS(kexec_file_load), "replaces the kernel"),
    kill(SCMP_SYS(reboot), "administration of the machine"),
    kill(SCMP_SYS(iopl), "direct access to hardware"),
    kill(SCMP_SYS(ioperm), "direct access to hardware"),
    kill(SCMP_SYS(acct), "administration of the machine"),
    kill(SCMP_SYS(syslog), "the kernel's log tells addresses"),
    kill(SCMP_SYS(settimeofday), "administration of the machine"),
    kill(SCMP_SYS(clock_settime), "administration of the machine"),
    kill(SCMP_SYS(adjtimex), "administration of the machine"),
    kill(SCMP_SYS(clock_adjtime), "administration of the machine"),
    kill(SCMP_SYS(sethostname), "administration of the machine"),
    kill(SCMP_SYS(setdomainname), "administration of the machine"),
    kill(SCMP_SYS(vhangup), "administration of the machine"),
};

}  // namespace

constinit const CallSet kDangerous{"never", kDangerousCalls};

}  // namespace covfefe::sandbox
