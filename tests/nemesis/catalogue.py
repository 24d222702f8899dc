# SPDX-License-Identifier: Apache-2.0
"""All faults by name, and what is done before the first and after the last."""
import os, shutil

import clocks, disks, kills, limits, load, logs, orders, outages, stops, trial

UP, SYSTEMD = ("up",), ("systemd",)
BOTH = UP + SYSTEMD
FAULTS = {  # name: (what is done, under what in mode ci)
    "peerdb": (lambda world: kills.kill(world, "peerdb"), BOTH),
    "keystore": (lambda world: kills.kill(world, "keystore"), BOTH),
    "tun-helper": (lambda world: kills.kill(world, "tun-helper"), BOTH),
    "shaper": (lambda world: kills.kill(world, "shaper"), BOTH),
    "router": (kills.kill_router, BOTH),
    "all": (kills.kill_all, BOTH),
    "stop": (stops.stop, BOTH),
    "question": (stops.question, UP),
    "restart": (orders.restart, SYSTEMD),
    "manager": (orders.manager, SYSTEMD),
    "network": (outages.network, UP),
    "descriptors": (limits.descriptors, BOTH),
    "flood": (limits.flood, UP),
    "disk-full": (disks.full, UP),
    "disk-gone": (disks.gone, UP),
    "log-unread": (logs.quiet_reader, BOTH),
    "log-closed": (logs.no_reader, BOTH),
    "watchdog": (stops.watchdog, UP),
    "clock": (clocks.jumps, BOTH),
}
# Under systemd the volume is a mount unit: tests/machine has a real one.
ONLY_UNDER = {"restart": SYSTEMD, "manager": SYSTEMD, "disk-full": UP, "disk-gone": UP}


def prepare(world):
    """alice and bob, friends, up; what bob says goes through a pipe to a reader of ours."""
    lab = world.lab
    if world.under == "systemd":
        return lab.pair()
    one, other = lab.host("alice"), lab.host("bob")
    lab.wire(one, other)
    alice, bob = lab.node(one), lab.node(other)
    alice.up(wait=False)
    world.reader = logs.Reader(bob)
    world.reader.up(bob, stops.WATCHDOG[world.mode])
    for node in (alice, bob):
        node.wait_ready()
    alice.befriend(bob)
    bob.befriend(alice)
    return alice, bob


def faults(options, under):
    """What is to be done, in order."""
    unknown = set(options.faults) - set(FAULTS)
    if unknown:
        raise SystemExit("no fault is called " + ", ".join(sorted(unknown)))
    for name, (fault, in_ci) in FAULTS.items():
        possible = under in ONLY_UNDER.get(name, BOTH)
        wanted = name in options.faults if options.faults else under in in_ci or options.mode != "ci"
        if possible and wanted:
            yield fault


def last_word(world):
    """Everything is read back, revocations included; the node is stopped and its database checked."""
    at_end = world.load
    with trial.Trial(at_end, world.under + ": at the end") as row:
        at_end.operator.ask("honour")
        row.cycles = 1
    at_end.operator.stop()
    place = at_end.bob.state("peerdb", "peers.db")
    at_end.bob.node.down()
    copy = os.path.join(world.lab.directory, "last.db")
    shutil.copy(place, copy)
    row.integrity += load.check_database(copy)
    row.require(not row.integrity, "%d integrity failures" % row.integrity)
    return row
