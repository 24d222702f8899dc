# SPDX-License-Identifier: Apache-2.0
"""The main job on real input: alice fetches a file from dave, a friend of friends of her friends, over two circuits that
share no relay; in the middle of it a relay is killed."""
import hashlib, os, subprocess, sys, threading, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import nodes
from six_nodes import HOPS, Six
from stream import Stream, gap_at

SIZE = 256 << 20
PORT = 8000
FETCH = 120  # seconds, at most
WATCH = 3.0  # seconds after the kill that belong to it


def make_file(directory):
    os.makedirs(directory)
    digest = hashlib.sha256()
    with open(os.path.join(directory, "gift.bin"), "wb") as file:
        for _ in range(SIZE >> 20):
            chunk = os.urandom(1 << 20)
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def serve(lab, node, directory):
    server = node.host.start(["python3", "-m", "http.server", str(PORT), "--bind", node.address,
                              "--directory", directory],
                             stdout=open(os.path.join(lab.directory, "http.log"), "wb"), stderr=-2)
    nodes.wait_for("the web server", 10, lambda: "LISTEN" in node.host.run(
        ["ss", "-Hltn", "sport = :%d" % PORT], check=False))
    return server


def show(node, *words):
    code, text = node.try_cli(*words)
    print("\n$ covfefe %s --root %s   (exit %d)\n%s" % (" ".join(words), node.root, code, text.rstrip()), flush=True)


class Fetch:
    """curl on alice's host, and a look at the file every 5 ms: when did it grow?"""

    def __init__(self, alice, url, target):
        self.target, self.grew = target, [(time.monotonic(), 0)]
        self.process = alice.host.start(["curl", "-g", "-sS", "-f", "-m", str(FETCH), "-o", target, url],
                                        stderr=subprocess.PIPE, text=True)
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def _watch(self):
        while self.process.poll() is None:
            size = self.size()
            if size != self.grew[-1][1]:
                self.grew.append((time.monotonic(), size))
            time.sleep(0.005)

    def size(self):
        try:
            return os.path.getsize(self.target)
        except OSError:
            return 0

    def wait_for_part(self, part):
        nodes.wait_for("%d %% of the file" % (100 * part), FETCH,
                       lambda: self.size() >= part * SIZE or self.process.poll() is not None, pause=0.005)

    def finish(self):
        """Returns the seconds that it took."""
        _, errors = self.process.communicate(timeout=FETCH + 10)
        self.watcher.join(5)
        if self.process.returncode != 0:
            raise RuntimeError("curl: " + errors.strip())
        return self.grew[-1][0] - self.grew[0][0]

    def silence(self, when):
        """The longest time without growth that touches what followed the kill."""
        times = [at for at, _ in self.grew if at >= when - 0.2]
        return max((later - earlier for earlier, later in zip(times, times[1:])), default=0.0)


def fetch_and_kill(lab, six):
    """The transfer, the kill in its middle; returns what the summary says of them."""
    wanted = make_file(os.path.join(lab.directory, "share"))
    server = serve(lab, six.dave, os.path.join(lab.directory, "share"))
    url = "http://[%s]:%d/gift.bin" % (six.dave.address, PORT)
    stream = Stream(six.alice, six.dave, FETCH)
    print("\n$ curl -g %s   (from alice's host; %d MiB)" % (url, SIZE >> 20), flush=True)
    fetch = Fetch(six.alice, url, os.path.join(lab.directory, "fetched.bin"))
    fetch.wait_for_part(0.2)
    relay = six.busiest()
    killed = time.monotonic()
    relay.kill_whole()
    at_kill = fetch.size()
    if fetch.process.poll() is not None or at_kill >= SIZE:
        raise RuntimeError("the file was there before the kill")
    print("\nkill -9 of all of %s, a relay of one of the circuits, with %d of %d MiB there" % (
        relay.name, at_kill >> 20, SIZE >> 20), flush=True)
    took = fetch.finish()
    time.sleep(max(0.0, killed + WATCH - time.monotonic()))
    replies = stream.stop()
    server.terminate()  # with --keep only the nodes stay
    server.wait(5)
    got = sha256_of(fetch.target)
    if got != wanted:
        raise RuntimeError("the file came altered: %s, not %s" % (got, wanted))
    return {"took": took, "sha256": got, "relay": relay, "gap": gap_at(replies, killed, WATCH),
            "silence": fetch.silence(killed), "at_kill": at_kill}


def job(lab):
    print("six hosts (network namespaces), a wire for each friendship and no other way, a node on each …", flush=True)
    start = time.monotonic()
    six = Six(lab)
    six.show_dave()
    print("  alice's friends: bob and carol. erin is bob's friend, frank is carol's, dave is erin's and frank's.")
    print("  dave is %s; alice has no card of his and no wire to him" % six.dave.address)
    six.wait_known()
    six.alice.reaches(six.dave, 20)
    print("all friends by card, and alice's first ping to dave answered, %.1f s after the start" % (
        time.monotonic() - start), flush=True)
    before = six.wait_circuits()
    if any(len(one["hops"]) != HOPS for one in before.values()):
        raise RuntimeError("circuits of other lengths: %s" % before)
    show(six.alice, "path", six.dave.address)
    show(six.alice, "circuits", six.dave.address)
    result = fetch_and_kill(lab, six)
    show(six.alice, "circuits", six.dave.address)
    show(six.alice, "status")
    print("\nsummary")
    for entry, one in before.items():
        print("  circuit %s: alice - %s, %d hops" % (one["id"], " - ".join(one["hops"]), len(one["hops"])))
    print("  %d MiB in %.1f s, %.0f Mbit/s, SHA-256 %s… as sent" % (
        SIZE >> 20, result["took"], SIZE * 8 / result["took"] / 1e6, result["sha256"][:16]))
    print("  %s was killed -9 at %d MiB; the switch: pings every 10 ms had a gap of %.0f ms, the file stood still for "
          "%.0f ms" % (result["relay"].name, result["at_kill"] >> 20, result["gap"] * 1000, result["silence"] * 1000))
    return six, result["relay"]


def print_kept(lab, six, dead):
    alive = [node for node in six.by_name.values() if node is not dead]
    for node in alive:
        print("\n%s:  ip netns exec %s %s status --root %s" % (node.name, node.host.ns, nodes.covfefe(), node.root))
    print("\nstop:  kill %s && sleep 4; %s; rm -r %s" % (
        " ".join(str(node.process.pid) for node in alive),
        "; ".join("ip netns del %s" % host.ns for host in lab.hosts), lab.directory))


def main():
    keep = "--keep" in sys.argv[1:]
    if any(word != "--keep" for word in sys.argv[1:]):
        print("usage: quickstart [--keep]", file=sys.stderr)
        return 64
    with nodes.Lab(jail_unknown="enosys", keep=keep) as lab:
        six, dead = job(lab)
        if keep:
            print_kept(lab, six, dead)
    print("\nquickstart: all of it worked")
    return 0


if __name__ == "__main__":
    sys.exit(main())
