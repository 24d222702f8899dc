# SPDX-License-Identifier: Apache-2.0
"""A slow link between two hosts of a Lab, made by tests/support/link_emulator: its near end is the uplink whose rate
changes in steps. What the queue did is read afterwards, in pieces of 10 ms."""
import os, subprocess, typing

import nodes
from nodes import run

BUCKET = 0.01  # seconds


def program():
    return os.path.join(nodes.BUILD, "tests", "link_emulator")


class Piece(typing.NamedTuple):
    """10 ms of the queue."""
    at: float  # seconds since go()
    bytes: int  # that left it
    packets: int
    mean: float  # seconds that they had waited
    most: float
    dropped: int


class EmulatedLink:
    """Addresses 10.97.N.1 (near) and 10.97.N.2 (far). From the constructor on it carries; the steps begin with go()."""

    def __init__(self, lab, near, far, *, rate, buffer, delay, steps=(), jitter=0.0, loss=0, seed=1, number=0, mtu=1500):
        """rate: bytes a second. buffer: bytes. delay: seconds each way. steps: (seconds after go(), rate)."""
        self.path = os.path.join(lab.directory, "emulator-%d" % number)
        names = ["e%d%s" % (number, host.name[:6]) for host in (near, far)]
        words = ["rate=%d" % rate, "buffer=%d" % buffer, "delay_us=%d" % (delay * 1e6), "jitter_us=%d" % (jitter * 1e6),
                 "loss=%d" % loss, "seed=%d" % seed] + ["step=%d:%d" % (at * 1000, value) for at, value in steps]
        with open(self.path, "w") as log:
            self.process = subprocess.Popen([program(), near.ns, names[0], far.ns, names[1], *words],
                                            stdin=subprocess.PIPE, stdout=log, text=True)
        lab.processes.append(self.process)
        nodes.wait_for("the emulator", 10, self._ready)
        self.addresses = []
        for last, (host, name) in enumerate(zip((near, far), names), 1):
            self.addresses.append("10.97.%d.%d" % (number, last))
            other = "10.97.%d.%d" % (number, 3 - last)
            run(["ip", "-n", host.ns, "addr", "add", self.addresses[-1], "peer", other, "dev", name])
            run(["ip", "-n", host.ns, "link", "set", name, "mtu", str(mtu), "addrgenmode", "none", "up"])

    def _ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("the emulator ended with %d" % self.process.returncode)
        return os.path.getsize(self.path)

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def stop(self):
        """Ends the link; [Piece], those without packets left out."""
        self.process.stdin.close()
        self.process.wait(5)
        with open(self.path) as log:
            rows = [[int(word) for word in line.split()] for line in log if line[0] in "-0123456789"]
        return [Piece(row[0] / 1e3, row[1], row[2], row[3] / 1e6, row[4] / 1e6, row[5]) for row in rows]


def long_queue(pieces, begin, end, limit=0.03):
    """Seconds in [begin, end) during which packets had waited longer than the limit on average."""
    return sum(BUCKET for one in pieces if begin <= one.at < end and one.packets and one.mean > limit)


def used(pieces, begin, end, rate):
    """The part of what the rate could carry that left the queue."""
    return sum(one.bytes for one in pieces if begin <= one.at < end) / (rate * (end - begin))


def until_used(pieces, begin, rate, part=0.9, window=0.1):
    """Seconds after `begin` until that part of the rate is carried in a whole window; None: never."""
    last = max((one.at for one in pieces), default=0)
    at = begin + window
    while at <= last:
        if used(pieces, at - window, at, rate) >= part:
            return at - begin
        at += BUCKET
    return None


def waits(pieces, begin, end, share):
    """The wait that `share` of the packets did not exceed, by the mean of each piece."""
    rows = sorted((one.mean, one.packets) for one in pieces if begin <= one.at < end and one.packets)
    left = share * sum(packets for _, packets in rows)
    for mean, packets in rows:
        left -= packets
        if left <= 0:
            return mean
    return float("inf")
