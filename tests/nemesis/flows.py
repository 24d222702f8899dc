# SPDX-License-Identifier: Apache-2.0
"""Traffic whose silences are written down: echo requests, and one TCP stream whose bytes are checked.

Each flow keeps a file of 24 bytes (time of the last arrival, arrivals, bytes that were wrong) that the
runner maps, and a file with a line for each silence longer than QUIET: from, to. Times are monotonic.
"""
import mmap, os, struct, subprocess, sys, textwrap, time

import nodes

QUIET = 0.06  # seconds; both flows send every 20 ms

COMMON = textwrap.dedent("""
    import hashlib, mmap, os, select, socket, struct, sys, time
    QUIET = %r
    class Seen:
        def __init__(self, path):
            self.gaps = open(path + ".gaps", "a", buffering=1)
            with open(path, "r+b") as file:
                self.map = mmap.mmap(file.fileno(), 24)
            self.last, self.count, self.bad = time.monotonic(), 0, 0
        def arrived(self, bad=0):
            now = time.monotonic()
            if now - self.last > QUIET:
                self.gaps.write("%%.6f %%.6f\\n" %% (self.last, now))
            self.last, self.count, self.bad = now, self.count + 1, self.bad + bad
            self.map[:] = struct.pack("dqq", self.last, self.count, self.bad)
    block = hashlib.sha256(b"nemesis").digest() * 2048
""" % QUIET)

ECHO = COMMON + textwrap.dedent("""
    seen, address = Seen(sys.argv[1]), sys.argv[2]
    icmp = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    icmp.setsockopt(socket.IPPROTO_ICMPV6, 1, struct.pack("8I", *([0xffffffff] * 4 + [0xfffffffd] + [0xffffffff] * 3)))
    mine, number, due = os.getpid() & 0xffff, 0, time.monotonic()
    while True:
        now = time.monotonic()
        if now >= due:
            number = (number + 1) & 0xffff
            try:
                icmp.sendto(struct.pack(">BBHHH", 128, 0, 0, mine, number), (address, 0))
            except OSError:
                pass
            due = max(due + 0.02, now - 0.02)
        if select.select([icmp], [], [], max(0, due - time.monotonic()))[0]:
            reply = icmp.recv(2048)
            if reply[0] == 129 and struct.unpack(">H", reply[4:6])[0] == mine:
                seen.arrived()
""")

SINK = COMMON + textwrap.dedent("""
    seen, port = Seen(sys.argv[1]), int(sys.argv[2])
    listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", port)); listener.listen(1)
    print("listening", flush=True)
    peer, _ = listener.accept()
    at = 0
    while True:
        chunk = peer.recv(65536)
        if not chunk:
            break
        start = at % len(block)
        seen.arrived(0 if chunk == (block[start:] + block + block)[:len(chunk)] else len(chunk))
        at += len(chunk)
""")

SOURCE = COMMON + textwrap.dedent("""
    address, port, chunk = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    peer = socket.create_connection((address, port), timeout=30)
    peer.settimeout(None)
    at, due = 0, time.monotonic()
    while True:
        start = at % len(block)
        piece = (block + block)[start:start + chunk]
        peer.sendall(piece)
        at += len(piece)
        due = max(due + 0.02, time.monotonic() - 0.02)
        time.sleep(max(0, due - time.monotonic()))
""")


class Flow:
    """What arrives; `kind` names it."""

    def __init__(self, lab, kind):
        self.kind = kind
        self.path = os.path.join(lab.directory, "flow-" + kind)
        with open(self.path, "wb") as file:
            file.write(bytes(24))
        open(self.path + ".gaps", "w").close()
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 24)
        self.processes = []

    def state(self):
        """(time of the last arrival, arrivals, wrong bytes)"""
        return struct.unpack("dqq", self.map[:])

    def silences(self, start, end):
        """[(from, to)] that touch the window; one that has not ended yet, too."""
        with open(self.path + ".gaps") as file:
            found = [tuple(map(float, line.split())) for line in file if line.endswith("\n")]
        last, now = self.state()[0], time.monotonic()
        if now - last > QUIET:
            found.append((last, now))
        return [one for one in found if one[1] >= start and one[0] <= end]

    def wait_after(self, moment, seconds):
        """Until something arrived after `moment`; returns when."""
        nodes.wait_for("the %s to go on" % self.kind, seconds, lambda: self.state()[0] > moment, pause=0.005)
        return self.state()[0]

    def alive(self):
        return all(process.poll() is None for process in self.processes)


def echo(source, target):
    flow = Flow(source.lab, "echo")
    flow.processes = [source.host.start([sys.executable, "-c", ECHO, flow.path, target.address])]
    return flow


def stream(source, target, port=7100, chunk=10_000):
    """`chunk` bytes every 20 ms from source to target."""
    flow = Flow(source.lab, "stream")
    sink = target.host.start([sys.executable, "-c", SINK, flow.path, str(port)], stdout=subprocess.PIPE, text=True)
    if sink.stdout.readline().strip() != "listening":
        raise RuntimeError("the sink does not listen")
    flow.processes = [sink, source.host.start([sys.executable, "-c", SOURCE, target.address, str(port), str(chunk)])]
    return flow
