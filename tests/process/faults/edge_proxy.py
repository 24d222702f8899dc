# SPDX-License-Identifier: Apache-2.0
"""A proxy on a Unix socket of a live node that sees Cap'n Proto messages and can spoil one of them."""
import os, socket, struct, threading, time

UP, DOWN = "to the listener", "to the connector"
FAULTS = ("drop", "double", "cut", "swap", "delay", "garbage", "wrap", "segments", "bomb")


def bomb(depth=500):
    """One segment: pointers to structs that hold one pointer each, far deeper than any limit."""
    words = [1 << 48] * depth
    return struct.pack("<II", 0, depth) + struct.pack("<%dQ" % depth, *words)


SPOILT = {"garbage": b"\xa5" * 64, "wrap": b"\xff" * 8, "bomb": bomb(),
          "segments": struct.pack("<I", 511) + b"\x00" * 2052}


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy, near):
        self.proxy, self.near = proxy, near
        self.far = socket.socket(socket.AF_UNIX)
        self.far.connect(proxy.aside)
        self.counts = {UP: 0, DOWN: 0}
        self.held = None
        for way, source, sink in ((UP, near, self.far), (DOWN, self.far, near)):
            threading.Thread(target=self.pump, args=(way, source, sink), daemon=True).start()

    def close(self):
        for end in (self.near, self.far):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def pump(self, way, source, sink):
        waiting = b""
        try:
            while True:
                got = source.recv(65536)
                if not got:
                    break
                waiting = self.forward(way, waiting + got, sink)
        except OSError:
            pass
        self.close()

    def forward(self, way, waiting, sink):
        while True:
            size = message_size(waiting)
            if size is None or len(waiting) < size:
                return waiting
            for part in self.spoil(way, waiting[:size]):
                sink.sendall(part)
            waiting = waiting[size:]

    def spoil(self, way, message):
        """What is sent instead of it."""
        if self.held is not None and self.held[0] == way:
            late, self.held = self.held[1], None
            return [message, late]
        self.counts[way] += 1
        fault = self.proxy.due(way, self.counts[way])
        if fault is None:
            return [message]
        if fault == "swap":
            self.held = (way, message)
            return []
        if fault == "delay":
            time.sleep(0.3)
        if fault == "cut":
            (self.far if way == UP else self.near).sendall(message[:len(message) // 2])
            self.close()
        return {"double": [message, message], "delay": [message]}.get(
            fault, [SPOILT[fault]] if fault in SPOILT else [])


def message_size(data):
    if len(data) < 4:
        return None
    count = struct.unpack_from("<I", data)[0] + 1
    head = (4 + 4 * count + 7) // 8 * 8
    if len(data) < head:
        return None
    return head + 8 * sum(struct.unpack_from("<%dI" % count, data, 4))


class Proxy:
    """In the place of one socket file, with its owner and mode."""

    def __init__(self, path):
        self.path, self.aside = path, path + ".aside"
        self.links, self.plan, self.hit, self.mode, self.accepted = [], None, False, "forward", 0
        facts = os.stat(path)
        os.rename(path, self.aside)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chown(path, facts.st_uid, facts.st_gid)
        os.chmod(path, facts.st_mode & 0o777)
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self.mode == "slam":
                near.close()
            else:
                self.links.append(Link(self, near))

    def due(self, way, number):
        if self.plan is None or self.plan[:2] != (way, number):
            return None
        fault, self.plan, self.hit = self.plan[2], None, True
        return fault

    def spoil(self, way, number, fault):
        """The number-th message that way of the next connection."""
        self.hit, self.plan = False, (way, number, fault)
        self.hang_up()

    def hang_up(self):
        for link in self.links:
            link.close()
        self.links = []

    def remove(self):
        self.listener.close()
        os.unlink(self.path)
        os.rename(self.aside, self.path)
        self.hang_up()
