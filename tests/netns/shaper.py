# SPDX-License-Identifier: Apache-2.0
"""The shaper under real traffic: a hub with 64 friends, promises that hold beside full bulk and across kills, and an
idle lane that looks the same whatever is said in it."""
import os, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import nodes
from capture import Capture, rate
from datagrams import LOWER_EFFORT, Offered, Ticker, flood, percentile, received
from hub import Hub, configure

FRIENDS = 64
UPLINK = 30_000_000  # bit/s of wire
SMALL = 256  # bytes of an S cell
WIRE = SMALL + 28  # over IPv4
ATTEMPTS = 5  # other processes can make the shaper late and the uplink idle, never faster


def goodput(friends, seconds):
    """Bytes a second that each friend's applications got, over so many seconds, and from when to when."""
    before = [received(one) for one in friends]
    time.sleep(seconds)
    after = [received(one) for one in friends]
    rates = [(now - was) / (end - start) for (was, start), (now, end) in zip(before, after)]
    return rates, (before[0][1], after[-1][1])


def greedy(lab):
    """64 friends: one that takes all it can changes what the others get by less than 2 %"""
    hub = Hub(lab, FRIENDS, "capacity: {up: %d bit/s, learn: no}" % UPLINK)
    others, glutton = hub.friends[:-1], hub.friends[-1]
    for one in hub.friends[:4]:
        hub.node.reaches(one)
    # Each asks for half of an equal share: cells, headers and all they fit beside one another.
    modest = UPLINK // FRIENDS // 2
    offered = Offered(flood(hub.node, others, bits=modest, seconds=60))
    time.sleep(4)
    alone, when = goodput(others, 15)
    first = offered.rate(*when)
    flood(hub.node, [glutton], bits=2 * UPLINK, seconds=24)
    time.sleep(2)
    beside, when = goodput(others, 15)
    second = offered.rate(*when)
    eaten = goodput([glutton], 2)[0][0]
    beside = [rate * first / second for rate in beside]  # had as much been offered as before
    changes = [abs(now - was) / was for was, now in zip(alone, beside)]
    total = abs(sum(beside) - sum(alone)) / sum(alone)
    print("  others %.0f kbit/s each; beside the greedy one, who gets %.1f Mbit/s: %+.2f %% in all, worst %.2f %%; offered %+.2f %%" % (
        sum(alone) * 8 / len(others) / 1e3, eaten * 8 / 1e6, 100 * (sum(beside) - sum(alone)) / sum(alone),
        100 * max(changes), 100 * (second - first) / first))
    assert min(alone) * 8 > 0.95 * modest, "the load does not fit to begin with: %.0f B/s" % min(alone)
    assert eaten * 8 > UPLINK / 5, "the greedy friend was not greedy: %.0f B/s" % eaten
    assert total < 0.02 and max(changes) < 0.02, sorted(changes)[-4:]
    promised(lab, hub)


def promised(lab, hub):
    # 10 KiB/s of payload in packets of 83 bytes, for which bob keeps his uplink too.
    friend = hub.friends[0]
    calm = Ticker(hub.node, friend, rate=10240 / 83, seconds=8).finish()[1]
    answer = hub.node.json("reserve", friend.name, "10KiB/s", "10min", "--class", "realtime")
    assert answer["payload_rate"] >= 10240, answer
    bulk = flood(hub.node, hub.friends, bits=4 * UPLINK // FRIENDS, seconds=45)
    time.sleep(3)
    sent, came = Ticker(hub.node, friend, rate=10240 / 83, seconds=15, port=7001).finish()
    added = percentile([one.delay for one in came], 0.99) - percentile([one.delay for one in calm], 0.5)
    lost = 1 - len({one.number for one in came}) / sent
    print("  promised stream beside full bulk: %d of %d, %.2f ms added at p99" % (len(came), sent, added * 1e3))
    assert lost <= 0.001, "lost %.4f of the promised stream" % lost
    assert added <= 0.010, "p99 added %.1f ms" % (added * 1e3)
    killed(hub, friend)
    bulk.terminate()


def leases(node):
    return {one["id"] for one in node.json("shaper")["ledger"]["leases"]}


def killed(hub, friend):
    held = leases(hub.node)
    assert held, "the shaper shows no lease"
    stream = Ticker(hub.node, friend, rate=10240 / 83, seconds=14, port=7002)
    time.sleep(2)
    for service, patience in (("shaper", 1.5), ("router", 4)):
        when = time.monotonic()
        hub.node.kill(service)
        nodes.wait_for("the promised stream after the %s was killed" % service, patience,
                       lambda: any(one.at > when + 0.05 for one in stream.arrivals()), pause=0.05)
        back = min(one.at for one in stream.arrivals() if one.at > when + 0.05)
        print("  %s killed -9 under full bulk: the promised stream is back after %.0f ms" % (
            service, (back - when) * 1e3))
        time.sleep(4)
        nodes.wait_for("the lease after the %s was killed" % service, 5, lambda: leases(hub.node) == held, pause=0.2)
    stream.finish()


def going(seen, host, way):
    return [one for one in seen[host]["udp"] if one.way == way]


def cells(seen, host, way):
    out = {}
    for one in going(seen, host, way):
        out[one.size] = out.get(one.size, 0) + one.count
    return out


def idle_lane(lab):
    """60 s of a silent link, and of one with a chat in it: 1,024 B/s either way, S cells only"""
    by_name = lab.mesh([("alice", "bob"), ("alice", "carol")])
    alice, bob, carol = (by_name[name] for name in ("alice", "bob", "carol"))
    time.sleep(20)  # the links' first words are said
    capture = Capture([bob.host, carol.host])
    start = time.monotonic()
    there = Ticker(alice, carol, rate=1, seconds=58, size=40, traffic=LOWER_EFFORT)
    back = Ticker(carol, alice, rate=0.7, seconds=58, size=40, traffic=LOWER_EFFORT, port=7001)
    time.sleep(max(0, start + 60 - time.monotonic()))
    seen = capture.stop()
    for stream in (there, back):
        sent, came = stream.finish(patience=1)
        worst = max(one.delay for one in came)
        print("  chat: %d of %d arrived, the slowest after %.0f ms" % (len(came), sent, worst * 1e3))
        assert len(came) == sent and worst < 2.5, (sent, came)
    for host in ("bob", "carol"):
        for way in ("in", "out"):
            sizes = cells(seen, host, way)
            found = rate(going(seen, host, way))
            print("  %s, %s: %.1f B/s of UDP payload, %r" % (host, way, found, sizes))
            assert set(sizes) == {SMALL}, "something else than S cells: %r" % sizes
            assert abs(found - 1024) <= 0.01 * 1024 + SMALL / 60, "%s %s: %.1f B/s" % (host, way, found)


def waited(pid):
    """Seconds for which threads of the process were ready to run and another one ran."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task)) as file:
            total += int(file.read().split()[1]) / 1e9
    return total


def total_holds(lab):
    """the whole uplink never carries more than it is told to, cells and headers counted on the wire"""
    alice, bob = lab.pair(befriend=False)
    told = 8_000_000
    alice.down()
    configure(alice, "capacity: {up: %d bit/s, learn: no}" % told)
    alice.up()
    alice.befriend(bob)
    bob.befriend(alice)
    alice.reaches(bob)
    shaper = alice.pid("shaper")
    for _ in range(ATTEMPTS):
        flood(alice, [bob], bits=3 * told, seconds=9)
        time.sleep(2)
        capture, before, start = Capture([bob.host]), waited(shaper), time.monotonic()
        time.sleep(6)
        starved = (waited(shaper) - before) / (time.monotonic() - start)
        part = rate(going(capture.stop(), "bob", "in"), headers=28) * 8 / told
        print("  %.4f of the configured rate on the wire; %.4f of the time the shaper waited for a processor" % (
            part, starved), flush=True)
        assert part < 1.005, part
        if part > 0.97:
            return
        time.sleep(2)
    assert part > 0.97 * (1 - starved), "%.4f of the configured rate, and never more" % part


if __name__ == "__main__":
    nodes.main(greedy, idle_lane, total_holds)
