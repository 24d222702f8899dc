#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How soon a node follows an uplink that falls to a tenth and rises again, beside the kernel's BBR and CUBIC: each
through the same emulated link (one queue of limited bytes, 50 ms round trip), in turn."""
import os, subprocess, sys, time

sys.dont_write_bytecode = True
import bench, nodes
from datagrams import flood
from emulator import EmulatedLink, long_queue, program, until_used, used, waits
from hub import configure

FAST = 2_500_000  # bytes a second
SLOW = FAST // 10
BUFFER = FAST // 4
DELAY = 0.025
WARM = 8  # seconds before a course begins
STEP, END = 6, 20  # seconds of it: when the rate changes, when all is over
PORT = 5201
PEERS = ("bbr", "cubic")


class Fall:
    """The uplink falls to a tenth: for how long do packets wait?"""
    rates = FAST, SLOW

    def __init__(self, pieces):
        self.long = long_queue(pieces, STEP, END)
        self.before = 100 * used(pieces, 0, STEP, FAST)
        self.wait = 1e3 * waits(pieces, 0, STEP, 0.95)
        self.after = 100 * used(pieces, END - 6, END, SLOW)

    def __str__(self):
        return "fall: queue > 30 ms for %.2f s; before: %.1f %% used, p95 queue %.1f ms; at last: %.1f %% used" % (
            self.long, self.before, self.wait, self.after)


class Rise:
    """The uplink rises to ten times: when is it used?"""
    rates = SLOW, FAST

    def __init__(self, pieces):
        rise = until_used(pieces, STEP, FAST)
        self.rise = END - STEP if rise is None else rise
        self.before = 100 * used(pieces, 0, STEP, SLOW)

    def __str__(self):
        return "rise: used after %.2f s; before: %.1f %% used" % (self.rise, self.before)


def link(lab, course, near, far):
    before, after = course.rates
    return EmulatedLink(lab, near, far, rate=before, buffer=BUFFER, delay=DELAY, steps=((STEP, after),))


def watch(course, emulated):
    time.sleep(WARM)
    emulated.go()
    time.sleep(END)
    return course(emulated.stop())


def kernel_tcp(course, congestion):
    with nodes.Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        emulated = link(lab, course, near, far)
        server = far.start(["iperf3", "-s", "-1", "-p", str(PORT)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        nodes.wait_for("iperf3 to listen", 10, lambda: ":%d " % PORT in far.run(["ss", "-Htln"]))
        near.start(["iperf3", "-c", emulated.addresses[1], "-p", str(PORT), "-t", str(WARM + END + 5), "-C", congestion],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return watch(course, emulated)


def ours(course, up):
    """Two nodes; more UDP through the tunnel than the link ever carries."""
    with nodes.Lab() as lab:
        hosts = lab.host("alice"), lab.host("bob")
        emulated = link(lab, course, *hosts)
        alice, bob = (lab.node(host) for host in hosts)
        configure(alice, "capacity: {up: %s}" % up)
        for node in (alice, bob):
            node.up(wait=False)
        for node in (alice, bob):
            node.wait_ready()
        alice.befriend(bob, at=emulated.addresses[1] + ":6363")
        bob.befriend(alice, at=emulated.addresses[0] + ":6363")
        alice.reaches(bob, 20)
        load = flood(alice, [bob], bits=FAST * 8 * 3 // 2, seconds=WARM + END + 10)
        out = watch(course, emulated)
        load.terminate()
        return out


def measure(report, rounds, up="auto"):
    """Adds the rows of the cliff and of the rise to the report."""
    arms = {"ours": lambda course: ours(course, up),
            **{peer: (lambda course, peer=peer: kernel_tcp(course, peer)) for peer in PEERS}}
    seen = {(arm, course): [] for arm in arms for course in (Fall, Rise)}
    for number in range(rounds):
        for arm, course in seen:
            seen[arm, course].append(arms[arm](course))
            print("  %-6s round %d: %s" % (arm, number + 1, seen[arm, course][-1]), flush=True)

    def middle(arm, course, what):
        return bench.median([getattr(one, what) for one in seen[arm, course]])

    for peer in PEERS:
        goal = {"at_most": 0.2, "of": "ratio"} if peer == "bbr" else {}
        report.add("queue > 30 ms after a 10× cliff, peer " + peer, middle("ours", Fall, "long"), "s",
                   middle(peer, Fall, "long"), **goal)
        report.add("10× rise used to 90 %, peer " + peer, middle("ours", Rise, "rise"), "s", middle(peer, Rise, "rise"),
                   **goal)
    report.add("steady: of the uplink used, peer bbr", middle("ours", Fall, "before"), "%", middle("bbr", Fall, "before"),
               at_least=95)
    report.add("steady: p95 queue at the uplink, peer bbr", middle("ours", Fall, "wait"), "ms",
               middle("bbr", Fall, "wait"), at_most=5)


def need():
    bench.need("iperf3", "ss", "ping")
    if not os.path.exists(program()):
        sys.exit("missing: %s (build first)" % program())
    with open("/proc/sys/net/ipv4/tcp_available_congestion_control") as file:
        missing = set(PEERS) - set(file.read().split())
    if missing:
        sys.exit("missing: congestion control %s (modprobe tcp_%s)" % (missing, missing.pop()))


def main():
    chosen = bench.arguments(__doc__, rounds=(3, "rounds of each"))
    need()
    bench.introduce("an uplink of %.0f Mbit/s that falls to %.0f and rises again" % (FAST * 8 / 1e6, SLOW * 8 / 1e6))
    report = bench.Report()
    measure(report, chosen.rounds)
    bench.finish(report, chosen)


if __name__ == "__main__":
    main()
