// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/reboot.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/io.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "tests/process/canaries/acts.h"

namespace covfefe::test {
namespace {

int outcome(long result) {
  return result < 0 ? errno : 0;
}

char letter = 'x';

}  // namespace

int unshare_network(const Held&) {
  return outcome(::unshare(CLONE_NEWNET));
}
int unshare_mounts(const Held&) {
  return outcome(::unshare(CLONE_NEWNS));
}
int enter_space(const Held& held) {
  return outcome(::setns(held.space, 0));
}
int change_root(const Held&) {
  return outcome(::chroot("/tmp"));
}
int pivot_root(const Held&) {
  return outcome(::syscall(SYS_pivot_root, "/tmp", "/tmp"));
}
int unmount_something(const Held&) {
  return outcome(::umount2("/proc", 0));
}
int become_group(const Held&) {
  return outcome(::syscall(SYS_setgid, 0));
}
int become_all(const Held&) {
  return outcome(::syscall(SYS_setresuid, 0, 0, 0));
}
int set_capabilities(const Held&) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  data[0].effective = data[0].permitted = 1U << CAP_DAC_OVERRIDE;
  return outcome(::syscall(SYS_capset, &header, data));
}
int gain_capability(const Held&) {
  return outcome(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0));
}

int add_key(const Held&) {
  return outcome(::syscall(SYS_add_key, "user", "canary", &letter, 1, KEY_SPEC_PROCESS_KEYRING));
}
int load_module(const Held& held) {
  return outcome(::syscall(SYS_finit_module, held.program, "", 0));
}
int load_kernel(const Held&) {
  return outcome(::syscall(SYS_kexec_load, 0, 0, nullptr, 0));
}
int reboot_machine(const Held&) {
  // The wrong magic: where everybody may call it, nothing happens.
  return outcome(::syscall(SYS_reboot, 0, 0, LINUX_REBOOT_CMD_CAD_ON, nullptr));
}
int use_ports(const Held&) {
  return outcome(::ioperm(0x80, 1, 1));
}
int set_clock(const Held&) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return outcome(::syscall(SYS_clock_settime, CLOCK_REALTIME, &now));
}
int set_host_name(const Held&) {
  return outcome(::sethostname("taken", 5));
}
int read_kernel_log(const Held&) {
  char text[64];
  return outcome(::klogctl(3, text, sizeof text));
}
int swap_on(const Held&) {
  return outcome(::swapon("/dev/null", 0));
}
int change_segments(const Held&) {
  return outcome(static_cast<int>(::syscall(SYS_modify_ldt, 1, nullptr, 0)));
}
int splice_memory(const Held& held) {
  const iovec part{&letter, 1};
  return outcome(::vmsplice(held.peer, &part, 1, 0));
}
int watch_files(const Held&) {
  return outcome(::fanotify_init(FAN_CLASS_NOTIF, O_RDONLY));
}
int open_by_handle(const Held& held) {
  struct {
    unsigned bytes = 8;
    int type = 1;
    char handle[8]{};
  } const of_root;
  return outcome(::syscall(SYS_open_by_handle_at, held.peer, &of_root, O_RDONLY));
}
int make_message_queue(const Held&) {
  return outcome(::mq_open("/canary", O_RDWR | O_CREAT, 0600, nullptr));
}
int make_shared_segment(const Held&) {
  return outcome(::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600));
}

}  // namespace covfefe::test
