# SPDX-License-Identifier: Apache-2.0
"""Each of the five processes is killed -9 under a running transfer: the transfer completes."""
import os, shutil, signal, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import nodes
from hub import configure
from transfer import Transfer

SIZE = 24 << 20
PACE = 8e6  # bytes a second: the transfer is long enough to be hit in the middle


def fixed_pair(lab):
    """Friends whose uplinks are not learned: what that makes of a busy machine's delays is not what is tested here."""
    alice, bob = lab.pair()
    for node in (alice, bob):
        node.down()
        configure(node, "capacity: {up: unlimited, learn: no}")
        node.up()
    alice.reaches(bob)
    return alice, bob


def kill_each(lab):
    """kill -9 of any process on either side: the transfer goes on, the others are not restarted"""
    alice, bob = fixed_pair(lab)
    port = 7000
    for victim in (alice, bob):
        for service in nodes.SERVICES:
            before = victim.pids()
            transfer = Transfer(bob, alice, SIZE, PACE, port).start()
            port += 1
            time.sleep(1)
            victim.kill(service)
            result = transfer.finish()
            after = nodes.wait_for("%s to be back" % service, 10, lambda: (lambda now: now if all(
                now[s] for s in nodes.SERVICES) and now[service] != before[service] else None)(victim.pids()))
            others = [s for s in nodes.SERVICES if s != service and after[s] != before[s]]
            print("  %-5s %-10s worst gap %.0f ms" % (victim.name, service, result["worst_gap"] * 1000), flush=True)
            assert not others, "also restarted: %s" % others
            limit = 1.0 if service in ("router", "shaper") else 0.5
            assert result["worst_gap"] <= limit + 1.0, "the transfer stood still for %.1f s" % result["worst_gap"]


def keystore_away(lab):
    """with both keystores gone traffic goes on; with the keystore back a new friend comes up"""
    alice, bob = fixed_pair(lab)
    for node in (alice, bob):
        node.kill("keystore")
    result = Transfer(bob, alice, SIZE, PACE).start().finish()
    assert result["worst_gap"] < 0.5, result
    nodes.wait_for("alice to be whole", 10, lambda: alice.json("status", check=False)["state"] == "ok")


def whole_node(lab):
    """`up` stopped and started again: keys, friends and the peer's traffic come back"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    bob.down()
    assert alice.host.run(["ip", "link", "show", "cov-alice"])
    bob.up()
    took = alice.reaches(bob, 10)
    print("  reachable %.2f s after the restart" % took)
    assert bob.friend(alice)["trust"] == "met"


def launcher_killed(lab):
    """`up` killed -9: its services end with it, and the next `up` starts at once"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    services = alice.pids().values()
    alice.process.kill()
    alice.process.wait(5)
    nodes.wait_for("alice's services to end", 2, lambda: not any(os.path.exists("/proc/%d" % p) for p in services))
    alice.up()
    assert alice.reaches(bob, 10)


def standing_still(lab):
    """keystore, peerdb and shaper stand still: the router answers at once, who asks one that stands still is told so in
    time, and afterwards all go on with what they have"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    before, started = alice.pids(), time.monotonic()
    still = [before[service] for service in ("keystore", "peerdb", "shaper")]
    asking = {}
    try:
        for pid in still:
            os.kill(pid, signal.SIGSTOP)
        for words in (("friend", "set", "bob", "--trust", "met"), ("friend", "list"), ("config", "apply")):
            asking[words] = subprocess.Popen(alice.host.command([nodes.covfefe(), *words, "--root", alice.root]),
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for words in (["circuits"], ["promises"], ["why", "bob"], ["inspect", "router"]):
            start = time.monotonic()
            code, said = alice.try_cli(*words)
            assert time.monotonic() - start < 2 and code in (0, 1), (words, time.monotonic() - start, code, said)
        for words, process in asking.items():
            assert process.wait(8) == 2, words
        print("  told after %.1f s" % (time.monotonic() - started))
    finally:
        for pid in still:
            os.kill(pid, signal.SIGCONT)
        for process in asking.values():
            process.kill()
            process.wait()
    nodes.wait_for("alice to be whole", 15, lambda: alice.json("status", check=False)["state"] == "ok")
    assert alice.pids() == before, (before, alice.pids())
    alice.reaches(bob)


def dying_at_start(lab):
    """a service that its jail kills at every start ends `up` with a reason, not a loop for ever"""
    alice = lab.node(lab.host("alice"))
    programs = os.path.join(lab.directory, "programs")
    os.mkdir(programs)
    shutil.copy(nodes.covfefe(), programs)
    for service in nodes.SERVICES:
        path = os.path.join(programs, "covfefe-" + service)
        with open(path, "w") as script:
            script.write("#!/bin/sh\nkill -SYS $$\n")
        os.chmod(path, 0o755)
    launcher = alice.host.start([os.path.join(programs, "covfefe"), "up", "--root", alice.root],
                                stdout=open(alice.log, "ab"), stderr=subprocess.STDOUT)
    assert launcher.wait(10) == 1
    assert "refuses to start" in alice.tail() and "broke its jail: a system call that its policy lacks (signal 31, SIGSYS)" in alice.tail(), alice.tail()


if __name__ == "__main__":
    nodes.main(kill_each, keystore_away, whole_node, launcher_killed, standing_still, dying_at_start)
