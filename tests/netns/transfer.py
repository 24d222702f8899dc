# SPDX-License-Identifier: Apache-2.0
"""TCP through the tunnel with the ends under our eyes: bytes are checked, progress is watched."""
import hashlib, os, sys, textwrap, time

SERVER = textwrap.dedent("""
    import hashlib, socket, sys
    address, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port)); listener.listen(1)
    print("listening", flush=True)
    peer, _ = listener.accept()
    block = hashlib.sha256(b"block").digest() * 2048
    left = size
    while left:
        sent = peer.send(block[:min(left, len(block))] if left < len(block) else block)
        # A short send must not shift the pattern: resend the rest of the block first.
        while sent < min(left, len(block)):
            sent += peer.send(block[sent:min(left, len(block))])
        left -= sent
    peer.shutdown(socket.SHUT_WR)
    peer.recv(1)
""")

CLIENT = textwrap.dedent("""
    import hashlib, socket, sys, time
    address, port, size, pace = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    peer = socket.create_connection((address, port), timeout=60)
    block = hashlib.sha256(b"block").digest() * 2048
    got, worst, last = 0, 0.0, time.monotonic()
    start = last
    while True:
        chunk = peer.recv(65536)
        now = time.monotonic()
        worst, last = max(worst, now - last), now
        if not chunk: break
        at = got % len(block)
        expected = (block[at:] + block * 2)[:len(chunk)]
        if chunk != expected:
            print("altered at", got); sys.exit(1)
        got += len(chunk)
        if pace:
            ahead = got / pace - (time.monotonic() - start)
            if ahead > 0: time.sleep(min(ahead, 0.01)); last = time.monotonic()
    print("got %d worst_gap %.3f took %.3f" % (got, worst, now - start))
    sys.exit(0 if got == size else 1)
""")


class Transfer:
    """`size` bytes from one node to another; pace limits the reader to bytes a second (0: none)."""

    def __init__(self, source, sink, size, pace=0.0, port=7000):
        self.source, self.sink, self.size, self.pace, self.port = source, sink, size, pace, port

    def start(self):
        self.server = self.source.host.start([sys.executable, "-c", SERVER, self.source.address, str(self.port),
                                              str(self.size)], stdout=-1, text=True)
        if self.server.stdout.readline().strip() != "listening":
            raise RuntimeError("the server did not listen")
        self.client = self.sink.host.start([sys.executable, "-c", CLIENT, self.source.address, str(self.port),
                                            str(self.size), str(self.pace)], stdout=-1, text=True)
        return self

    def finish(self, seconds=120):
        out, _ = self.client.communicate(timeout=seconds)
        if self.client.returncode != 0:
            raise RuntimeError("the transfer failed: %s" % out)
        self.server.kill()
        self.server.wait(5)
        words = out.split()
        return {"bytes": int(words[1]), "worst_gap": float(words[3]), "took": float(words[5])}
