# SPDX-License-Identifier: Apache-2.0
"""The network goes and comes back."""
import time

import trial

OUTAGES = {"ci": (2.0, 17.0), "nightly": (1.0, 5.0, 20.0, 60.0, 600.0)}  # seconds; links are dead after 15
HEALS = 5.0  # seconds until traffic flows again


def network(world):
    """Bob's wire is down, then up: traffic is back within seconds."""
    load = world.load
    host = load.bob.node.host
    with trial.Trial(load, "network gone and back") as row:
        before = load.bob.whole()
        for seconds in OUTAGES[world.mode]:
            host.run(["ip", "link", "set", "w0bob", "down"])
            time.sleep(seconds)
            host.run(["ip", "link", "set", "w0bob", "up"])
            healed = time.monotonic()
            row.cycles += 1
            took = load.echo.wait_after(healed, 60) - healed
            row.traffic.append(took)
            row.require(took <= HEALS, "after %.0f s of outage traffic took %.1f s" % (seconds, took))
            # TCP doubles its pause during an outage and may wait as long again.
            load.stream.wait_after(healed, 2 * seconds + 20)
        row.compare(before, load.bob.pids(), ())
        row.note = "traffic gap: from the wire's return"
    return row
