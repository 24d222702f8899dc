# SPDX-License-Identifier: Apache-2.0
"""The victim of tests/bench/dos, his friend and the attacker, and what is counted at the victim."""
import os, subprocess, time

import bench, hub, nodes

SOURCES = 100_000


def tool(name):
    return os.path.join(nodes.BUILD, "tests", "bench", name)


class Scene:
    """bob is the victim, alice his friend, mallory the attacker, to whom bob's default route leads."""

    def __init__(self, lab):
        self.lab = lab
        self.alice, self.bob = bench.friends(lab)
        # bob is what is measured: what alice would learn of her uplink on a busy machine is not.
        self.uplink("unlimited")
        self.mallory = lab.host("mallory")
        _, self.mallory_ip = lab.wire(self.bob.host, self.mallory, 1)
        run = self.bob.host.run
        run(["ip", "route", "add", "default", "via", self.mallory_ip])
        run(["sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.w1bob.rp_filter=0"])
        self.target = "10.99.1.1"

    def uplink(self, up):
        hub.configure(self.alice, "capacity: {up: %s}" % up)
        self.alice.cli("config", "apply")

    def flood(self, kind, rate, seconds, sources=SOURCES, detail=()):
        return self.mallory.start([tool("flood"), kind, self.target, str(rate), str(seconds), str(sources), *detail],
                                  stdout=subprocess.PIPE, text=True)

    def wire_counts(self):
        base = "/sys/class/net/w1bob/statistics/"
        names = ("tx_packets", "tx_bytes", "rx_packets", "rx_bytes")
        text = self.bob.host.run(["cat", *[base + name for name in names]])
        return dict(zip(names, map(int, text.split())))

    def seen(self):
        pids = self.bob.pids()
        return {
            "pids": pids, "wire": self.wire_counts(), "at": time.monotonic(),
            "cpu": {name: bench.cpu_seconds(pid) for name, pid in pids.items()},
            "rss": {name: bench.memory(pid)["VmRSS"] for name, pid in pids.items()},
            "router": self.bob.json("inspect", "router")["counters"],
            "keystore": self.bob.json("inspect", "keystore")["counters"],
            "log": os.path.getsize(self.bob.log), "lines": len(self.bob.tail(10**6).splitlines()),
        }


class Change:
    """What happened at bob between two looks."""

    def __init__(self, before, after):
        self.seconds = after["at"] - before["at"]
        self.same = before["pids"] == after["pids"]
        self.cpu = {name: 100 * (after["cpu"][name] - cpu) / self.seconds for name, cpu in before["cpu"].items()} if self.same else {}
        self.rss = {name: after["rss"][name] - before["rss"][name] for name in before["rss"]}
        self.wire = {name: after["wire"][name] - was for name, was in before["wire"].items()}
        self.router = {name: after["router"][name] - was for name, was in before["router"].items()}
        asked = [name for name in before["keystore"] if name.startswith("handshakes_")]
        self.handshakes = sum(after["keystore"][name] - before["keystore"][name] for name in asked)
        self.lines = (after["lines"] - before["lines"]) / self.seconds

    def each(self):
        """Microseconds of the router's for each datagram."""
        return 1e6 * self.cpu.get("router", 0) / 100 * self.seconds / max(1, self.router["link.datagrams_in"])


def static_key(node):
    for line in node.cli("card").splitlines():
        if line.startswith("static_key:"):
            return line.split(":", 1)[1].strip().strip('"')
    raise RuntimeError("no static key in the card")
