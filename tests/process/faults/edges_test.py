# SPDX-License-Identifier: Apache-2.0
"""The edges of a live node lose, repeat, cut, swap and delay messages, and carry what no peer of ours sends. After
each fault the node is whole again by itself, nothing acknowledged is lost, and nobody spins. Needs root.
--all tries every fault at each of the first eight messages; --seed=N repeats a run."""
import json, os, random, socket, struct, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import nodes
from edge_proxy import DOWN, FAULTS, SPOILT, UP, Proxy

EDGES = ("router.keystore", "router.peerdb", "router.shaper")
ALL = "--all" in sys.argv
SEED = next((int(word[7:]) for word in sys.argv if word.startswith("--seed=")), random.randrange(1 << 32))
TICKS = os.sysconf("SC_CLK_TCK")


def report(fault, cycles, acked, lost, note):
    print(json.dumps({"fault": fault, "cycles": cycles, "acked": acked, "lost": lost, "integrity": 0,
                      "verdict": "ok" if cycles and not lost else "short", "note": note}), flush=True)
    assert cycles and not lost, fault


def socket_of(node, name):
    return os.path.join(node.root, "run/covfefe", name + ".sock")


def whole(node):
    return node.json("status", check=False).get("state") == "ok"


def with_friend(lab):
    alice, bob = (lab.node(lab.host(name)) for name in ("alice", "bob"))
    alice.up()
    alice.befriend(bob, at="192.0.2.9:6363")
    nodes.wait_for("the node to be whole", 20, lambda: whole(alice))
    return alice


def ports(node):
    return node.json("friend", "list")["friends"]


class Edits:
    """Changes to the one friend, each acknowledged before the next: the last one must be there."""

    def __init__(self, node):
        self.node, self.count, self.lost, self.last = node, 0, 0, None

    def make(self):
        wanted = "192.0.2.9:%d" % (7000 + self.count)
        code, text = self.node.try_cli("friend", "set", "bob", "--endpoint", wanted)
        if code == 0:
            self.count, self.last = self.count + 1, wanted

    def check(self):
        if self.last is not None and self.last not in json.dumps(ports(self.node)):
            self.lost += 1


def loads(node):
    """How often the router gave the keystore its friends: it does so after each change, over two edges."""
    with open(node.log, errors="replace") as log:
        return sum(1 for line in log if "keystore-knows-friends" in line)


def one_fault(node, proxy, edits, case):
    """Seconds until a change went over every edge again; None if that took a new connection by the proxy's hand."""
    way, number, fault = case
    proxy.spoil(way, number, fault)
    begun, before = time.monotonic(), loads(node)
    edits.make()
    try:
        nodes.wait_for("a change to go through after %s" % (case,), 4, lambda: loads(node) > before and whole(node))
        return time.monotonic() - begun
    except TimeoutError:
        proxy.hang_up()
        nodes.wait_for("a change to go through after %s and a new connection" % (case,), 10,
                       lambda: loads(node) > before and whole(node))
        return None


def cases_for(chance):
    every = [(way, number, fault) for way in (UP, DOWN) for number in range(1, 9) for fault in FAULTS]
    return every if ALL else chance.sample([case for case in every if case[1] <= 4], 7)


def spoilt_messages(lab):
    """messages lost, doubled, cut, swapped, late or malformed on each edge cost no acknowledged change"""
    alice, chance = with_friend(lab), random.Random(SEED)
    before = {name: pid for name, pid in alice.pids().items()}
    for edge in EDGES:
        proxy, edits = Proxy(socket_of(alice, edge)), Edits(alice)
        alice.kill(edge.split(".")[1])
        nodes.wait_for("the edge to go through the proxy", 10, lambda: proxy.links)
        before.pop(edge.split(".")[1])
        took, stuck, hits = [], [], 0
        for case in cases_for(chance):
            seconds = one_fault(alice, proxy, edits, case)
            proxy.plan, hits = None, hits + proxy.hit
            if seconds is None:
                stuck.append("%s %d %s" % case)
            took.append(seconds or 0)
            edits.check()
        proxy.remove()
        report("%s: spoilt messages" % edge, hits, edits.count, edits.lost,
               "whole again in %.1f s at most; only on a new connection: %s; seed %d" % (
                   max(took), ", ".join(stuck) or "never", SEED))
        nodes.wait_for("the node to be whole", 20, lambda: whole(alice))
    after = alice.pids()
    assert all(after[name] == pid for name, pid in before.items()), (before, after)


def seconds_of(pid):
    with open("/proc/%d/stat" % pid) as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICKS


def outage(lab):
    """while nobody answers on an edge, or whoever does hangs up at once, nobody spins"""
    alice = with_friend(lab)
    seconds = 60 if ALL else 3
    for mode in ("silent", "slam"):
        proxies = [Proxy(socket_of(alice, edge)) for edge in EDGES]
        for proxy in proxies:
            proxy.mode = mode
            if mode == "silent":
                proxy.listener.close()
        # The router ends the connections that it has when it starts again.
        alice.kill("router")
        time.sleep(1)
        pids = {name: pid for name, pid in alice.pids().items() if pid}
        used = {name: seconds_of(pid) for name, pid in pids.items()}
        accepted = sum(proxy.accepted for proxy in proxies)
        time.sleep(seconds)
        shares = {name: (seconds_of(pid) - used[name]) / seconds for name, pid in pids.items()}
        asked = (sum(proxy.accepted for proxy in proxies) - accepted) / seconds / len(proxies)
        for proxy in proxies:
            proxy.remove()
        nodes.wait_for("the node to be whole", 20, lambda: whole(alice))
        worst = max(shares, key=shares.get)
        assert shares[worst] <= 0.02 + 2 / TICKS / seconds, shares
        assert asked <= 4, "%.1f connections a second" % asked
        report("edges: nobody answers (%s)" % mode, 1, 0, 0,
               "%s used most, %.1f %% of a processor; %.1f connections a second" % (worst, 100 * shares[worst], asked))


def message(words):
    return struct.pack("<II%dQ" % len(words), 0, len(words), *words)


def struct_pointer(offset, data, pointers):
    return (offset << 2) | (data << 32) | (pointers << 48)


def bootstrap(question):
    return message([struct_pointer(0, 1, 1), 8, struct_pointer(0, 1, 1), question, 0])


def unknown_call(question, target, interface, method):
    """A call on the bootstrap that `target` asked for: rpc.capnp's Call, MessageTarget and PromisedAnswer."""
    return message([struct_pointer(0, 1, 1), 2, struct_pointer(0, 3, 3), question | method << 32, interface, 0,
                    struct_pointer(2, 1, 1), 0, 0, 1 << 32, struct_pointer(0, 1, 1), target, 0])


def exchange(path, data, seconds=0.5):
    """Everything that comes back until it is quiet, and whether the other side hung up."""
    with socket.socket(socket.AF_UNIX) as own:
        own.settimeout(seconds)
        own.connect(path)
        out = b""
        try:
            own.sendall(data)
            while True:
                got = own.recv(65536)
                if not got:
                    return out, True
                out += got
        except socket.timeout:
            return out, False
        except OSError:
            return out, True


def hostile_operators(lab):
    """what no peer of ours sends ends one connection on the operator sockets, and unknown methods not even that"""
    alice = with_friend(lab)
    before, cycles = alice.pids(), 0
    for service in ("router", "keystore", "peerdb", "shaper"):
        path = socket_of(alice, service + ".operator")
        for name, data in SPOILT.items():
            _, ended = exchange(path, data)
            assert ended or name == "bomb", "%s takes %s" % (service, name)
            cycles += 1
        for interface, method in ((0xdeadbeefdeadbeef, 0), (0x8888888888888888, 999)):
            answer, ended = exchange(path, bootstrap(1) + unknown_call(2, 1, interface, method) + bootstrap(3))
            assert not ended and b"requestedTypeId" in answer, (service, ended, answer)
            cycles += 1
        assert whole(alice)
    assert alice.pids() == before
    report("operator sockets: malformed and unknown", cycles, 0, 0, "refused; nobody restarted")


if __name__ == "__main__":
    chosen = [word for word in sys.argv[1:] if not word.startswith("--")]
    sys.argv[1:] = chosen
    print("seed %d" % SEED, flush=True)
    nodes.main(spoilt_messages, outage, hostile_operators)
