# SPDX-License-Identifier: Apache-2.0
"""A stream of echo requests whose silences are measured: how long nothing came when something was killed."""
import os, subprocess, sys, textwrap, time

import nodes

REALTIME = 0xb8  # the traffic class of DSCP EF

# Sends on whatever the kernel answers (no route yet, no device yet), and prints when each reply came.
SENDER = textwrap.dedent("""
    import os, select, socket, struct, sys, time
    address, pause, seconds, traffic = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    icmp = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    icmp.setsockopt(socket.IPPROTO_ICMPV6, 1, struct.pack("8I", *([0xffffffff] * 4 + [0xfffffffd] + [0xffffffff] * 3)))
    icmp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, traffic)
    mine, number, due = os.getpid() & 0xffff, 0, time.monotonic()
    end = due + seconds
    print("started", flush=True)
    while due < end:
        now = time.monotonic()
        if now >= due:
            number = (number + 1) & 0xffff
            try:
                icmp.sendto(struct.pack(">BBHHH", 128, 0, 0, mine, number), (address, 0))
            except OSError:
                pass
            due = max(due + pause, now - pause)
        if select.select([icmp], [], [], max(0, due - time.monotonic()))[0]:
            reply = icmp.recv(2048)
            if reply[0] == 129 and struct.unpack(">H", reply[4:6])[0] == mine:
                print("%.6f" % time.monotonic(), flush=True)
""")


class Stream:
    """Echo requests from one node to another every 10 ms; times are those of the monotonic clock."""

    def __init__(self, source, target, seconds, traffic_class=0):
        self.path = os.path.join(source.lab.directory, "stream-%d" % time.monotonic_ns())
        self.file = open(self.path, "w")
        self.process = source.host.start(
            [sys.executable, "-c", SENDER, target.address, "0.01", str(seconds), str(traffic_class)],
            stdout=self.file, stderr=subprocess.DEVNULL)
        nodes.wait_for("the stream", 10, lambda: os.path.getsize(self.path))

    def replies(self):
        with open(self.path) as file:
            return [float(line) for line in file if line.endswith("\n") and line[0].isdigit()]

    def stop(self):
        self.process.terminate()
        self.process.wait(5)
        self.file.close()
        return self.replies()


def gap_at(replies, when, watch):
    """The longest silence that touches [when, when + watch]; a stream that never came back is silent to its end."""
    near = [one for one in replies if when - 0.2 <= one <= when + watch]
    edges = near + ([] if near and near[-1] > when + watch - 0.5 else [when + watch])
    return max((later - earlier for earlier, later in zip(edges, edges[1:])), default=watch)
