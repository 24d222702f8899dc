# SPDX-License-Identifier: Apache-2.0
"""What an operator does to units, under load."""
import time

import nodes, systemd, trial

CYCLES = {"ci": 1, "nightly": 100}


def restart(world):
    """systemctl restart of each unit: the others are untouched."""
    load = world.load
    host = load.bob.node.host
    with trial.Trial(load, "systemctl restart") as row:
        for _ in range(CYCLES[world.mode]):
            for service in nodes.SERVICES:
                before = load.bob.whole()
                row.hit(service, time.monotonic())
                host.systemctl("restart", systemd.unit(service))
                row.compare(before, load.bob.whole(), (service,))
                load.wait_quiet()
    return row


def manager(world):
    """daemon-reload and daemon-reexec: systemd starts anew below its units, which do not notice."""
    load = world.load
    host = load.bob.node.host
    with trial.Trial(load, "daemon-reload, daemon-reexec") as row:
        for _ in range(CYCLES[world.mode]):
            before = load.bob.whole()
            for verb in ("daemon-reload", "daemon-reexec", "daemon-reload"):
                row.hit(None, time.monotonic())
                host.systemctl(verb)
            pid, moment = load.bob.signal("peerdb")
            row.hit("peerdb", moment)
            load.bob.wait_replaced("peerdb", pid)
            row.compare(before, load.bob.whole(), ("peerdb",))
    return row
