# SPDX-License-Identifier: Apache-2.0
"""Looks at every frame on every wire of a host: which kinds, which UDP ports, which sizes, and whether any of some
byte strings can be read in one."""
import json, signal, subprocess, sys, textwrap, typing

SNIFFER = textwrap.dedent("""
    import collections, json, signal, socket, struct, sys
    wanted = [bytes.fromhex(word) for word in sys.argv[1:]]
    kinds, udp, leaks = collections.Counter(), {}, 0
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    s.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS: when the kernel saw it
    s.settimeout(0.2)
    going = True
    def stop(*_):
        global going
        going = False
    signal.signal(signal.SIGTERM, stop)
    print("listening", flush=True)
    while going:
        try:
            frame, stamps, _, (device, _, packet_type, *_) = s.recvmsg(65536, 64)
        except socket.timeout:
            continue
        if not device.startswith("w"):  # the wires; lo and the overlay's device are not the network
            continue
        leaks += any(word in frame for word in wanted)
        kind = frame[12:14].hex()
        if kind == "0800" and frame[23] == 17:
            header = 14 + (frame[14] & 15) * 4
            source, target, length = struct.unpack_from(">HHH", frame, header)
            way = "out" if packet_type == socket.PACKET_OUTGOING else "in"
            seconds, fraction = struct.unpack("qq", stamps[0][2])
            at = seconds + fraction / 1e9
            known = udp.setdefault("%s %s %d %d %d" % (device, way, source, target, length - 8), [0, at, at])
            known[0] += 1
            known[2] = at
            kind = "udp"
        elif kind == "0800":
            kind = "ip protocol %d" % frame[23]
        kinds[kind] += 1
    lost = struct.unpack("II", s.getsockopt(263, 6, 8))[1]  # PACKET_STATISTICS
    print(json.dumps({"kinds": kinds, "udp": udp, "leaks": leaks, "lost": lost}), flush=True)
""")


class Sizes(typing.NamedTuple):
    """How many datagrams of one size went one way, and when the kernel saw the first and the last of them."""
    device: str
    way: str  # out or in
    source: int
    target: int
    size: int
    count: int
    first: float  # seconds of the system's clock
    last: float


def rate(sizes, headers=0):
    """Bytes a second between the first datagram of all these Sizes and the last: neither the start nor the end of the
    capture counts, nor how long this process waited for its turn."""
    total = sum((one.size + headers) * one.count for one in sizes)
    first, last = min(sizes, key=lambda one: one.first), max(one.last for one in sizes)
    return (total - first.size - headers) / (last - first.first)


class Capture:
    """From the constructor on, until stop(). Datagrams leave each wire one by one: trains are cut where they are sent,
    as a network card does."""

    def __init__(self, hosts, unreadable=()):
        self.sniffers = []
        for host in hosts:
            for link in json.loads(host.run(["ip", "-j", "link", "show"])):
                if link["ifname"].startswith("w"):
                    host.run(["ethtool", "-K", link["ifname"], "tx-udp-segmentation", "off"])
        for host in hosts:  # now that all of them cut: each sees what the others send
            process = host.start([sys.executable, "-c", SNIFFER, *(word.hex() for word in unreadable)],
                                 stdout=subprocess.PIPE, text=True)
            if process.stdout.readline().strip() != "listening":
                raise RuntimeError("the sniffer of %s did not start" % host.name)
            self.sniffers.append((host, process))

    def stop(self):
        """By host: {kinds: {kind: frames}, udp: [Sizes], leaks, lost}."""
        out = {}
        for _, process in self.sniffers:
            process.send_signal(signal.SIGTERM)
        for host, process in self.sniffers:
            text, _ = process.communicate(timeout=20)
            seen = json.loads(text)
            seen["udp"] = [Sizes(*words[:2], *(int(word) for word in words[2:]), *counted)
                           for words, counted in ((key.split(), counted) for key, counted in seen["udp"].items())]
            out[host.name] = seen
        return out
