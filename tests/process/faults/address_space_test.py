# SPDX-License-Identifier: Apache-2.0
"""RLIMIT_AS: the real services with hardly more address space than they start with, and with less. They do their work,
or end and are started again; nobody hangs, and what was acknowledged stays. Needs root."""
import os, shutil, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import nodes

LEVELS = ("known", "met")


def trust(node):
    return [one["trust"] for one in node.json("friend", "list")["friends"]]


def demands(node, service, connections):
    """What makes a service allocate: many connections, long answers, changes. The last change that was acknowledged."""
    acknowledged = None
    for turn in range(6):
        connections.append(subprocess.Popen(node.host.command([nodes.covfefe(), "inspect", service, "--root", node.root]),
                                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        code, text = node.try_cli("friend", "set", "bob", "--trust", LEVELS[turn % 2], timeout=20)
        acknowledged = LEVELS[turn % 2] if code == 0 else None if "changed" in text else acknowledged
        for words in (["status"], ["why", "bob"], ["circuits"], ["shaper"]):
            node.try_cli(*words, timeout=20)
    return acknowledged


def programs_with(lab, limits):
    """A folder of programs that start with so much address space; returns covfefe in it."""
    folder = os.path.join(lab.directory, "programs")
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    shutil.copy(nodes.covfefe(), folder)
    for name in nodes.SERVICES:
        real = os.path.join(nodes.BUILD, "cmd", name, "covfefe-" + name)
        path = os.path.join(folder, "covfefe-" + name)
        with open(path, "w") as script:
            limit = "prlimit --as=%d" % limits[name] if name in limits else ""
            script.write("#!/bin/sh\nexec %s %s \"$@\"\n" % (limit, real))
        os.chmod(path, 0o755)
    return os.path.join(folder, "covfefe")


def size_of(pid):
    with open("/proc/%d/status" % pid) as text:
        return int(next(line for line in text if line.startswith("VmPeak")).split()[1]) * 1024


def limit_of(pid):
    with open("/proc/%d/limits" % pid) as text:
        return int(next(line for line in text if line.startswith("Max address space")).split()[3])


def start(node, limits):
    node.process = node.host.start([programs_with(node.lab, limits), "up", "--root", node.root], stdout=node.open_log(),
                                   stderr=subprocess.STDOUT)


def sizes_of(node):
    node.up()
    sizes = {service: size_of(pid) for service, pid in node.pids().items()}
    node.down()
    return sizes


def starting(lab):
    """a service with too little address space to start ends `up` with a reason, or does with it; a whole node follows"""
    alice = lab.node(lab.host("alice"))
    sizes = sizes_of(alice)
    refused = 0
    for service, size in sizes.items():
        for share in (0.5, 0.9):
            start(alice, {service: int(size * share)})
            try:
                alice.wait_ready(10)
                alice.down()
            except RuntimeError:
                assert alice.process.wait(10) == 1 and "refuses to start" in alice.tail(), alice.tail()
                refused += 1
    print("  %d of %d starts were refused, the others did with less" % (refused, 2 * len(sizes)))
    assert refused >= len(sizes), "the limit is not felt"
    alice.up()
    assert alice.json("status")["state"] == "ok"


def running(lab):
    """no service has a page more than it starts with, and each is asked for more"""
    alice, bob = lab.pair()
    alice.down()
    limits = {service: size for service, size in sizes_of(alice).items()}
    start(alice, limits)
    alice.wait_ready()
    before, connections = alice.pids(), []
    assert {service: limit_of(pid) for service, pid in before.items()} == limits
    acknowledged = [demands(alice, service, connections) for service in nodes.SERVICES][-1]
    for one in connections:
        one.wait(20)
    nodes.wait_for("alice to be whole", 15, lambda: alice.json("status", check=False)["state"] == "ok")
    assert acknowledged is None or trust(alice) == [acknowledged], (acknowledged, trust(alice))
    after = alice.pids()
    print("  ended and came back: %s" % ([name for name in before if before[name] != after[name]] or "none"))
    alice.reaches(bob, 20)


if __name__ == "__main__":
    nodes.main(starting, running)
