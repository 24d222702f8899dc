# SPDX-License-Identifier: Apache-2.0
"""Two real nodes: what one reserved of the other outlives kill -9 of shapers and routers, a shaper that hangs
holds nobody up, and how promises ended is remembered. Needs root; no network but namespaces of its own."""
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import nodes

PATIENCE = 30  # seconds for a step on a machine under load


def ledger(node):
    """{number: (for whom, over which links, rate)} of the leases in force, or None while somebody is away."""
    try:
        leases = node.json("shaper", check=False)["ledger"]["leases"]
    except (ValueError, KeyError, subprocess.TimeoutExpired):
        return None
    return {one["id"]: (one["for"], tuple(one["over"]), one["rate"]) for one in leases}


def holds(node, wanted):
    nodes.wait_for("the ledger of %s to hold %s\n%s" % (node.name, wanted, node.tail(20)), PATIENCE,
                   lambda: ledger(node) == wanted, pause=0.1)


def killed(node, service):
    """kill -9, and back: another process serves."""
    before = node.kill(service)
    def another():
        pid = node.pids().get(service)
        return pid and pid != before
    nodes.wait_for("another %s of %s" % (service, node.name), PATIENCE, another, pause=0.1)
    nodes.wait_for("%s to be whole\n%s" % (node.name, node.tail(20)), PATIENCE,
                   lambda: node.json("status", check=False)["state"] == "ok", pause=0.1)


def linked(one, other):
    nodes.wait_for("%s and %s to be linked" % (one.name, other.name), PATIENCE,
                   lambda: one.friend(other) and one.friend(other)["state"] == "up", pause=0.1)


def reserved(alice):
    """Bob may need a moment to have told his shaper of alice's link."""
    def asked():
        code, _ = alice.try_cli("reserve", "bob", "10KiB/s", "1h", "--class", "realtime")
        return code == 0
    nodes.wait_for("bob to reserve\n" + alice.tail(20), PATIENCE, asked, pause=0.5)
    before = {}
    for node in alice.lab.nodes:
        nodes.wait_for("a lease at " + node.name, PATIENCE, lambda: ledger(node), pause=0.1)
        before[node.name] = ledger(node)
    return before


def leases_survive(lab):
    """what was reserved outlives kill -9 of both shapers, of the lender's router, and of its shaper after that"""
    by_name = lab.mesh([("alice", "bob")])
    alice, bob = by_name["alice"], by_name["bob"]
    before = reserved(alice)
    assert "alice" in [whose for whose, _, _ in before["bob"].values()], before
    for node in (alice, bob):
        killed(node, "shaper")
        holds(node, before[node.name])
    killed(bob, "router")
    linked(alice, bob)
    holds(bob, before["bob"])
    killed(bob, "shaper")  # only a router that found the lease at the shaper before can give it back
    holds(bob, before["bob"])
    holds(alice, before["alice"])


def a_hung_shaper(lab):
    """a shaper that hangs holds neither the router nor the operator up, and keeps nothing that it granted too late"""
    by_name = lab.mesh([("alice", "bob")])
    alice = by_name["alice"]
    before = reserved(alice)
    pid = alice.kill("shaper", signal.SIGSTOP)
    try:
        begun = time.monotonic()
        code, text = alice.try_cli("reserve", "bob", "1KiB/s", "1h")
        assert code != 0, text
        # The router answers for itself: not one call waits for the shaper.
        for verb in (("friend", "list"), ("circuits",), ("promises",)):
            code, text = alice.try_cli(*verb)
            assert code == 0, (verb, text)
        assert time.monotonic() - begun < PATIENCE
    finally:
        os.kill(pid, signal.SIGCONT)
    holds(alice, before["alice"])


def tallies(node):
    with contextlib.closing(sqlite3.connect(node.root + "/var/lib/covfefe/peerdb/peers.db")) as database:
        return database.execute("SELECT kind, kept, broken FROM promises").fetchall()


def metrics_survive(lab):
    """a promise that was kept is remembered over kill -9 of peerdb and router, once"""
    by_name = lab.mesh([("alice", "bob")])
    alice = by_name["alice"]
    reserved(alice)
    number = [one["id"] for one in alice.json("promises")["promises"] if one["id"]][0]
    alice.cli("release", str(number))
    time.sleep(3)  # it is written within a second; nothing else tells that it was
    for service in ("peerdb", "router"):
        killed(alice, service)
    shown = alice.json("friend", "show", "bob")["promises"]
    assert [(one["kind"], one["kept"], one["broken"]) for one in shown] == [("taken", 1, 0)], shown
    alice.down()
    assert (2, 1, 0) in tallies(alice), tallies(alice)  # a lease that was taken: kept once, broken never


def main():
    if os.geteuid() != 0:
        print("skipped: needs root")
        return 77
    for case in (leases_survive, a_hung_shaper, metrics_survive):
        with nodes.Lab() as lab:
            case(lab)
        print("ok: " + case.__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
