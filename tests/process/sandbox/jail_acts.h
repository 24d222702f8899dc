// SPDX-License-Identifier: Apache-2.0
// Acts that a hijacked process might try, or that an honest one must be able to do. Each is done in
// a confined child and returns 0 or the errno that it got.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace covfefe::test {

struct Held {
  int udp = -1;                    // bound to loopback, number at or above the wall
  int peer = -1;                   // one end of a Unix stream pair, below the wall
  int tun = -1;                    // the TUN device, or any descriptor below the wall, for ioctl
  int program = -1;                // memory that holds a whole program
  int space = -1;                  // another name space
  pid_t other = 0;                 // a process of another service, or its launcher
  std::uint32_t to = 0x7f00'0001;  // IPv4 address that datagrams are sent to
  const char* root = "/";          // where the node lies
};
// What the child holds when it is confined.

using Act = int (*)(const Held& held);

// What nobody may do.
int execute_program(const Held&);
int trace_parent(const Held&);
int map_executable(const Held&);
int make_executable(const Held&);
int fork_process(const Held&);
int clone_process(const Held&);
int unshare_users(const Held&);
int become_root(const Held&);
int use_bpf(const Held&);
int use_io_uring(const Held&);
int use_userfaultfd(const Held&);
int use_keys(const Held&);
int use_perf(const Held&);
int change_personality(const Held&);
int read_parent_memory(const Held&);
int mount_something(const Held&);
int signal_parent(const Held&);
int signal_parent_thread(const Held&);
int become_dumpable(const Held&);
int raise_limit(const Held&);
int call_clone3(const Held&);
int lock_memory(const Held&);
int keep_tun(const Held&);

// Sockets.
int open_udp_socket(const Held&);
int open_tcp_socket(const Held&);
int open_unix_socket(const Held&);
int open_netlink_socket(const Held&);
int send_to_udp(const Held&);
int send_message_udp(const Held&);
int send_messages_udp(const Held&);
int write_udp(const Held&);
int write_vector_udp(const Held&);
int write_udp_dirty_register(const Held&);
int connect_udp(const Held&);
int duplicate_udp(const Held&);
int duplicate_udp_below(const Held&);
int duplicate_udp_by_fcntl(const Held&);
int receive_udp(const Held&);
int receive_messages_udp(const Held&);
int read_udp(const Held&);
int send_message_peer(const Held&);
int write_peer(const Held&);
int set_no_delay(const Held&);

// Memory, threads, files.
int start_thread(const Held&);
int make_ring_memory(const Held&);
int open_etc_passwd(const Held&);
int open_etc_passwd_for_writing(const Held&);
int make_file_in_working_directory(const Held&);
int make_directory_in_working_directory(const Held&);
int abort_itself(const Held&);

}  // namespace covfefe::test
