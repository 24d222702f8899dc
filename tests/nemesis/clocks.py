# SPDX-License-Identifier: Apache-2.0
"""Jumps of the wall clock of bob's services (tests/support/clock_shim.cc): nothing may depend on it."""
import os, shutil, struct, time

import load as loads, nodes, places, systemd, targets, trial

HOUR = 3600
YEARS = 10 * 365 * 86_400
JUMPS = (HOUR, -HOUR, YEARS, -YEARS, 0)
STROBE = {"ci": 60, "nightly": 100_000}
SHIM = os.path.join(loads.HELPERS, "clock_shim.so")
DROP_IN = """[Service]
Environment=LD_PRELOAD=/usr/local/lib/clock_shim.so COVFEFE_CLOCK=/usr/local/lib/covfefe-clock
BindReadOnlyPaths=/usr/local/lib/clock_shim.so /usr/local/lib/covfefe-clock
"""
CONNECTS = 5.0  # seconds, with sessions made anew after a jump


class Clock:
    """Bob's wall clock from now on."""

    def __init__(self, target):
        self.target = target
        if target.under == "systemd":
            self._for_units()
        else:
            self._for_up()
        for service in nodes.SERVICES:
            pid, _ = target.signal(service)
            target.wait_replaced(service, pid)
        target.whole()
        with open("/proc/%d/maps" % target.pids()["peerdb"]) as maps:
            if "clock_shim" not in maps.read():
                raise RuntimeError("peerdb runs without the shim")

    def _for_units(self):
        root = self.target.client_root()
        shutil.copy(SHIM, root + "/usr/local/lib/clock_shim.so")
        self.path = root + "/usr/local/lib/covfefe-clock"
        self.set(0)
        for service in nodes.SERVICES:
            self.target.node.host.run(["sh", "-c", 'mkdir -p "$0" && cat > "$0/clock.conf"',
                                       "/run/systemd/system/%s.d" % systemd.unit(service)], input=(
                DROP_IN))
        self.target.node.host.systemctl("daemon-reload")

    def _for_up(self):
        folder = os.path.join(self.target.lab.directory, "shifted")
        for place in (folder, folder + "/real", folder + "/script"):
            os.mkdir(place)
        self.path = os.path.join(folder, "clock")
        self.set(0)
        for service in nodes.SERVICES:
            program = os.path.join(nodes.BUILD, "cmd", service, "covfefe-" + service)
            # Processes are known by the names of their programs.
            real, script = (os.path.join(folder, place, "covfefe-" + service) for place in ("real", "script"))
            shutil.copy(program, real)
            with open(script, "w") as file:
                file.write("#!/bin/sh\nLD_PRELOAD=%s COVFEFE_CLOCK=%s exec %s \"$@\"\n"
                           % (SHIM, self.path, real))
            os.chmod(script, 0o755)
            places.inside(self.target, ["mount", "--bind", script, program])

    def set(self, seconds):
        """The shift, in one write of eight bytes."""
        flags = os.O_WRONLY | os.O_CREAT
        file = os.open(self.path, flags, 0o644)
        os.pwrite(file, struct.pack("=q", seconds * 1_000_000_000), 0)
        os.close(file)


def jumps(world):
    """Forward, back, and strobing: what stands goes on at any time of day, and once the clock is right again new
    sessions are made, whatever it had been in between. (With a wrong clock a node finds its friends' certificates
    expired, and they its own: new sessions wait until it is right.)"""
    load = world.load
    clock = Clock(load.bob)
    load.wait_quiet()
    with trial.Trial(load, "clock ±1 h, ±10 y, strobe") as row:
        for seconds in JUMPS + tuple(world.random.choice(JUMPS) for _ in range(STROBE[world.mode])) + (0,):
            before = load.bob.whole()
            clock.set(seconds)
            row.hit(None, time.monotonic())
            time.sleep(0.5 if row.cycles <= len(JUMPS) else 0.02)
            row.compare(before, load.bob.pids(), ())
            if row.cycles < len(JUMPS):
                restart_keepers(load)
        row.require(max(row_silences(load, row)) < 0.5, "the stream stood still after a jump")
    row.require(anew(load) <= CONNECTS, "with the clock right again sessions took longer than %.0f s" % CONNECTS)
    return row


def row_silences(load, row):
    start = row.hits[0][1]
    return [end - max(begin, start) for begin, end in load.stream.silences(start, time.monotonic())] + [0.0]


def restart_keepers(load):
    """keystore and peerdb start at this time of day as at any."""
    for service in places.KEEPERS:
        pid, moment = load.bob.signal(service)
        load.bob.wait_replaced(service, pid)
        load.probes.wait_after(service, moment)


def anew(load):
    """Seconds until traffic flows after the router was killed: its handshakes must be as good as any."""
    pid, moment = load.bob.signal("router")
    load.bob.wait_replaced("router", pid)
    return load.echo.wait_after(moment + 0.03, 30) - moment
