// SPDX-License-Identifier: Apache-2.0
// What a taken process would try, beyond tests/process/sandbox/jail_acts.h. Each returns 0 if it
// succeeded, or the errno that it got. An act that is refused leaves nothing behind.
#pragma once

#include "tests/process/sandbox/jail_acts.h"

namespace covfefe::test {

// Programs and processes.
int execute_memory(const Held&);
int execute_memory_by_path(const Held&);
int execute_own_file(const Held&);
int vfork_process(const Held&);
int clone_user_space(const Held&);
int clone_network_space(const Held&);
int trace_me(const Held&);
int write_other_memory(const Held&);
int open_other_process(const Held&);
int take_descriptor(const Held&);
int compare_processes(const Held&);
int kill_other(const Held&);
int kill_all(const Held&);
int kill_other_thread(const Held&);
int queue_signal(const Held&);
int raise_priority(const Held&);
int use_realtime(const Held&);
int raise_core_limit(const Held&);
int raise_file_limit(const Held&);

// Memory that can be executed.
int map_writable_executable(const Held&);
int map_memory_executable(const Held&);
int map_own_file_executable(const Held&);
int make_key_executable(const Held&);
int attach_executable(const Held&);
int lock_all_memory(const Held&);

// Name spaces, mounts, identity.
int unshare_network(const Held&);
int unshare_mounts(const Held&);
int enter_space(const Held&);
int change_root(const Held&);
int pivot_root(const Held&);
int unmount_something(const Held&);
int become_group(const Held&);
int become_all(const Held&);
int set_capabilities(const Held&);
int gain_capability(const Held&);

// The kernel and the machine.
int add_key(const Held&);
int load_module(const Held&);
int load_kernel(const Held&);
int reboot_machine(const Held&);
int use_ports(const Held&);
int set_clock(const Held&);
int set_host_name(const Held&);
int read_kernel_log(const Held&);
int swap_on(const Held&);
int change_segments(const Held&);
int splice_memory(const Held&);
int watch_files(const Held&);
int open_by_handle(const Held&);
int make_message_queue(const Held&);
int make_shared_segment(const Held&);

// Files.
int open_key_file(const Held&);
int open_database(const Held&);
int open_credential(const Held&);
int open_shadow(const Held&);
int open_configuration_for_writing(const Held&);
int open_kernel_messages(const Held&);
int open_environment_of_init(const Held&);
int change_mode(const Held&);
int change_owner(const Held&);
int make_symbolic_link(const Held&);
int make_hard_link(const Held&);
int make_device(const Held&);
int make_directory(const Held&);

// Sockets and descriptors.
int open_packet_socket(const Held&);
int open_raw_socket(const Held&);
int open_crypto_socket(const Held&);
int open_udp6_socket(const Held&);
int open_dirty_domain(const Held&);
int make_socket_pair(const Held&);
int bind_udp(const Held&);
int listen_peer(const Held&);
int connect_operator_edge(const Held&);
int connect_database_edge(const Held&);
int send_file_udp(const Held&);
int splice_udp(const Held&);
int pass_udp_to_itself(const Held&);
int receive_from_udp(const Held&);
int read_vector_udp(const Held&);
int own_tun(const Held&);
int persist_tun(const Held&);
int change_tun_link(const Held&);
int attach_tun(const Held&);

}  // namespace covfefe::test
