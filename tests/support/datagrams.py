# SPDX-License-Identifier: Apache-2.0
"""UDP through the overlay: floods at a rate, and streams whose datagrams are timed one by one. All hosts are on one
machine, so all clocks are one clock."""
import os, re, select, signal, subprocess, sys, textwrap, time, typing

import nodes

EXPEDITED = 0xb8  # traffic class of DSCP EF: realtime
LOWER_EFFORT = 0x20  # of DSCP CS1: rides in the idle lane

# Sends `size` bytes of payload to each address in turn, `rate` datagrams a second to each, and says four times a second
# how many so far.
FLOOD = textwrap.dedent("""
    import socket, sys, time
    port, size, rate, seconds, traffic = (int(word) for word in sys.argv[1:6])
    addresses = sys.argv[6:]
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, traffic)
    s.setblocking(False)
    targets, load = [(one, port) for one in addresses], bytes(size)
    pause, due, end = 1 / (rate * len(targets)), time.monotonic(), time.monotonic() + seconds
    print("started", flush=True)
    turn, told = 0, 0
    while due < end:
        now = time.monotonic()
        if now > told + 0.25:
            told = now
            print(now, turn, flush=True)
        if due > now:
            time.sleep(min(0.002, due - now))
            continue
        try:
            s.sendto(load, targets[turn % len(targets)])
        except OSError:
            pass
        turn += 1
        due = max(due + pause, now - 0.05)
""")

# Numbered and stamped datagrams, evenly spaced.
TICKER = textwrap.dedent("""
    import socket, struct, sys, time
    address, port, size, traffic = sys.argv[1], *(int(word) for word in sys.argv[2:5])
    rate, seconds = float(sys.argv[5]), float(sys.argv[6])
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, traffic)
    due, number, rest = time.monotonic(), 0, bytes(size - 12)
    end = due + seconds
    print("started", flush=True)
    while due < end:
        now = time.monotonic()
        if due > now:
            time.sleep(due - now)
            continue
        try:
            s.sendto(struct.pack("<Iq", number, time.monotonic_ns()) + rest, (address, port))
        except OSError:
            pass
        number += 1
        due += 1 / rate
    print(number, flush=True)
""")

SINK = textwrap.dedent("""
    import socket, struct, sys, time
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind(("::", int(sys.argv[1])))
    s.settimeout(0.2)
    print("listening", flush=True)
    while True:
        try:
            load = s.recv(2048)
        except socket.timeout:
            continue
        now = time.monotonic_ns()
        number, sent = struct.unpack("<Iq", load[:12])
        print(number, now - sent, now, flush=True)
""")


def flood(node, targets, *, bits, seconds, size=1200, traffic=0, port=9):
    """bits: of payload a second, to each of the targets (nodes)."""
    rate = max(1, bits // (size * 8))
    process = node.host.start([sys.executable, "-c", FLOOD, *(str(word) for word in (port, size, rate, seconds, traffic)),
                               *(one.address for one in targets)], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process


class Offered:
    """What a flood really sent: a busy machine may not let it have its turn."""

    def __init__(self, process):
        self.file, self.text = process.stdout, ""
        os.set_blocking(self.file.fileno(), False)

    def rate(self, start, end):
        """Datagrams a second between two instants of the monotonic clock that have passed."""
        nodes.wait_for("the flood's count", 5, lambda: self._stamps()[-1:] > [(end, 0)])
        stamps = self._stamps()
        return (self._at(stamps, end) - self._at(stamps, start)) / (end - start)

    def _stamps(self):
        self.text += (os.read(self.file.fileno(), 1 << 20) if select.select([self.file], [], [], 0)[0] else b"").decode()
        return [(float(at), int(turn)) for at, turn in (
            line.split() for line in self.text.splitlines(keepends=True) if line.endswith("\n"))]

    @staticmethod
    def _at(stamps, when):
        (earlier, few), (later, many) = next(pair for pair in zip(stamps, stamps[1:]) if pair[1][0] >= when)
        return few + (many - few) * (when - earlier) / (later - earlier)


class Arrival(typing.NamedTuple):
    number: int
    delay: float  # seconds
    at: float  # monotonic clock


class Ticker:
    """`rate` datagrams a second of `size` bytes from one node to another, each timed where it arrives."""

    def __init__(self, source, target, *, rate, seconds, size=83, traffic=EXPEDITED, port=7000):
        self.path = os.path.join(source.lab.directory, "ticks-%s-%d" % (target.name, port))
        self.seconds = seconds
        with open(self.path, "w") as file:
            self.sink = target.host.start([sys.executable, "-c", SINK, str(port)], stdout=file)
        nodes.wait_for("the sink", 10, lambda: os.path.getsize(self.path))
        self.sender = source.host.start([sys.executable, "-c", TICKER, target.address,
                                         *(str(word) for word in (port, size, traffic, rate, seconds))],
                                        stdout=subprocess.PIPE, text=True)
        self.sender.stdout.readline()

    def finish(self, patience=3):
        """(how many were sent, [Arrival])"""
        sent = int(self.sender.communicate(timeout=self.seconds + 20)[0])
        try:
            self.sink.wait(patience)
        except subprocess.TimeoutExpired:
            self.sink.send_signal(signal.SIGTERM)
            self.sink.wait(5)
        return sent, self.arrivals()

    def arrivals(self):
        with open(self.path) as file:
            words = [line.split() for line in file if line.endswith("\n") and line[0].isdigit()]
        return [Arrival(int(number), int(delay) / 1e9, int(at) / 1e9) for number, delay, at in words]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


def received(node):
    """Bytes that came out of the node's overlay device so far, and when that was."""
    with open("/proc/%d/net/dev" % node.process.pid) as file:
        text, now = file.read(), time.monotonic()
    return int(re.search(r"cov-%s:\s*(\d+)" % re.escape(node.name[:8]), text).group(1)), now
