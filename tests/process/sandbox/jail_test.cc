// SPDX-License-Identifier: Apache-2.0
// The jails as the kernel enforces them: each act in a forked, confined child, in both modes.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include "sandbox/landlock.h"
#include "tests/process/sandbox/jailed_child.h"

namespace covfefe::test {

using sandbox::Policy;
using sandbox::UnknownCall;

TEST_CASE("no process may do what is known to be dangerous, in either mode") {
  if (!can_jail()) return;
  const Act acts[] = {execute_program, trace_parent, fork_process,       unshare_users,
                      become_root,     use_bpf,      use_io_uring,       use_userfaultfd,
                      use_keys,        use_perf,     change_personality, read_parent_memory,
                      mount_something};
  for (const Policy* policy : sandbox::all_policies()) {
    for (const Act& act : acts) {
      CAPTURE(policy->service);
      CAPTURE(&act - acts);
      CHECK(in_release(*policy, act) == "dies");
      CHECK(in_tests(*policy, act) == "dies");
    }
  }
}

TEST_CASE("what no policy lists is ENOSYS in release and the end in tests") {
  if (!can_jail()) return;
  const Act acts[] = {map_executable, make_executable,      clone_process,   keep_tun,
                      signal_parent,  signal_parent_thread, become_dumpable, raise_limit};
  for (const Policy* policy : sandbox::all_policies()) {
    for (const Act& act : acts) {
      CAPTURE(policy->service);
      CAPTURE(&act - acts);
      CHECK(in_release(*policy, act) == "ENOSYS");
      CHECK(in_tests(*policy, act) == "dies");
    }
  }
}

TEST_CASE("clone3 is refused softly, so that the C library falls back") {
  if (!can_jail()) return;
  for (const Policy* policy : {&sandbox::kRouter, &sandbox::kShaper}) {
    CHECK(in_tests(*policy, call_clone3) == "ENOSYS");
  }
}

TEST_CASE("only the process with long-term keys may lock memory") {
  if (!can_jail()) return;
  for (const Policy* policy : sandbox::all_policies()) {
    CAPTURE(policy->service);
    CHECK(in_release(*policy, lock_memory) == (policy == &sandbox::kKeystore ? "works" : "ENOSYS"));
  }
}

TEST_CASE("every process can abort and leave SIGABRT behind") {
  if (!can_jail()) return;
  for (const Policy* policy : sandbox::all_policies()) {
    CHECK(in_tests(*policy, abort_itself) == "aborts");
  }
}

TEST_CASE("only the processes with two loops can start threads") {
  if (!can_jail()) return;
  CHECK(in_tests(sandbox::kRouter, start_thread) == "works");
  CHECK(in_tests(sandbox::kShaper, start_thread) == "works");
  CHECK(in_tests(sandbox::kKeystore, start_thread) == "dies");
  CHECK(in_tests(sandbox::kPeerdb, start_thread) == "dies");
  CHECK(in_tests(sandbox::kTunHelper, start_thread) == "dies");
}

TEST_CASE("the router's send on a UDP socket dies, whatever the call") {
  if (!can_jail()) return;
  const Act acts[] = {send_to_udp, send_message_udp, send_messages_udp,
                      write_udp,   write_vector_udp, write_udp_dirty_register,
                      connect_udp, duplicate_udp,    duplicate_udp_below};
  for (const Act& act : acts) {
    CAPTURE(&act - acts);
    CHECK(in_release(sandbox::kRouter, act) == "dies");
    CHECK(in_tests(sandbox::kRouter, act) == "dies");
  }
  CHECK(in_release(sandbox::kRouter, duplicate_udp_by_fcntl) == "ENOSYS");
  CHECK(in_tests(sandbox::kRouter, duplicate_udp_by_fcntl) == "dies");
}

TEST_CASE("the router receives datagrams and talks to its neighbours") {
  if (!can_jail()) return;
  for (const Act act : {receive_messages_udp, send_message_peer, write_peer, make_ring_memory}) {
    CHECK(in_tests(sandbox::kRouter, act) == "works");
  }
}

TEST_CASE("the router makes no socket of any kind and opens no file") {
  if (!can_jail()) return;
  for (const Act act : {open_udp_socket, open_tcp_socket, open_unix_socket, open_netlink_socket}) {
    CHECK(in_release(sandbox::kRouter, act) == "dies");
  }
  CHECK(in_release(sandbox::kRouter, open_etc_passwd) == "EACCES");
  CHECK(in_tests(sandbox::kRouter, open_etc_passwd) == "EACCES");
}

TEST_CASE("the shaper sends datagrams and cannot receive one") {
  if (!can_jail()) return;
  CHECK(in_tests(sandbox::kShaper, send_message_udp) == "works");
  CHECK(in_tests(sandbox::kShaper, send_messages_udp) == "works");
  CHECK(in_tests(sandbox::kShaper, make_ring_memory) == "works");
  for (const Act act : {receive_udp, receive_messages_udp, read_udp, duplicate_udp}) {
    CHECK(in_release(sandbox::kShaper, act) == "dies");
  }
}

TEST_CASE("those that reconnect make Unix sockets only") {
  if (!can_jail()) return;
  for (const Policy* policy : {&sandbox::kKeystore, &sandbox::kPeerdb, &sandbox::kShaper}) {
    CHECK(in_tests(*policy, open_unix_socket) == "works");
    for (const Act act : {open_udp_socket, open_tcp_socket, open_netlink_socket}) {
      CHECK(in_release(*policy, act) == "ENOSYS");
      CHECK(in_tests(*policy, act) == "dies");
    }
  }
}

TEST_CASE("keystore and peerdb cannot reach the network") {
  if (!can_jail()) return;
  for (const Policy* policy : {&sandbox::kKeystore, &sandbox::kPeerdb}) {
    for (const Act act : {open_udp_socket, open_tcp_socket, open_netlink_socket}) {
      CHECK(in_release(*policy, act) == "ENOSYS");
    }
    // Nor over a socket that they were given.
    for (const Act act : {send_to_udp, send_message_udp, send_messages_udp}) {
      CHECK(in_release(*policy, act) == "ENOSYS");
    }
    CHECK(policy->capabilities.empty());
  }
}

TEST_CASE("nobody can execute a program") {
  if (!can_jail()) return;
  for (const Policy* policy : sandbox::all_policies()) {
    CAPTURE(policy->service);
    CHECK(in_release(*policy, execute_program) == "dies");
    CHECK(in_tests(*policy, execute_program) == "dies");
    CHECK(in_release(*policy, map_executable) == "ENOSYS");
    CHECK(in_release(*policy, make_executable) == "ENOSYS");
  }
}

TEST_CASE("TCP_NODELAY on a Unix socket is refused softly for KJ") {
  if (!can_jail()) return;
  for (const Policy* policy : sandbox::all_policies()) {
    if (policy->service == "tun-helper") continue;
    CHECK(in_tests(*policy, set_no_delay) == "EOPNOTSUPP");
  }
}

TEST_CASE("keystore and peerdb write in their own directory and nowhere else") {
  if (!can_jail()) return;
  for (const Policy* policy : {&sandbox::kKeystore, &sandbox::kPeerdb}) {
    const bool keystore = policy == &sandbox::kKeystore;
    const Policy& other = keystore ? sandbox::kPeerdb : sandbox::kKeystore;
    const Node node;
    const Trial own{*policy, UnknownCall::Kill, node.root(), node.state_of(*policy)};
    CHECK(happens(own, make_file_in_working_directory) == "works");
    CHECK(happens(own, make_directory_in_working_directory) == "dies");
    CHECK(happens(own, open_etc_passwd_for_writing) == "EACCES");
    ::chmod(node.state_of(other).c_str(), 0777);
    const Trial theirs{*policy, UnknownCall::Kill, node.root(), node.state_of(other)};
    if (sandbox::landlock_abi() > 0) {
      CHECK(happens(own, open_etc_passwd) == "EACCES");
      CHECK(happens(theirs, make_file_in_working_directory) == "EACCES");
    } else {
      MESSAGE("not checked: this kernel has no Landlock");
    }
  }
}

}  // namespace covfefe::test
