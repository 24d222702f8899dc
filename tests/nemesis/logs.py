# SPDX-License-Identifier: Apache-2.0
"""Nobody reads the log, or nobody can: the services must not care."""
import fcntl, os, signal, subprocess, time

import nodes, targets, trial

SECONDS = {"ci": 3.0, "nightly": 120.0}
PIPE = 4096  # bytes: full after a few dozen lines


class Reader:
    """Reads the log of `covfefe up` from a pipe into its file."""

    def __init__(self, node):
        self.node = node
        read_end, self.write_end = os.pipe()
        fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, PIPE)
        with open(node.log, "ab") as log:
            self.process = subprocess.Popen(["cat"], stdin=read_end, stdout=log)
        node.lab.processes.append(self.process)
        os.close(read_end)

    def up(self, node, watchdog):
        """As nodes.Node.up, with a pipe for a log."""
        node.process = node.host.start(
            [nodes.covfefe(), "up", "--root", node.root, "--jail-unknown", node.lab.jail_unknown, "--watchdog",
             str(watchdog)], stdout=self.write_end, stderr=self.write_end)
        os.close(self.write_end)


def edited(load):
    load.operator.history.advance()
    return load.operator.history.acknowledged


def quiet_reader(world):
    """The reader stops: edits and traffic go on, a killed process comes back."""
    load = world.load
    with trial.Trial(load, "log not read") as row:
        readers = stop_readers(world)
        try:
            go_on(row, world)
        finally:
            for pid in readers:
                targets.end(pid, signal.SIGCONT)
    return row


def stop_readers(world):
    if world.under == "up":
        pids = [world.reader.process.pid]
    else:
        pids = [journald(world)]
    for pid in pids:
        targets.end(pid, signal.SIGSTOP)
    return pids


def journald(world):
    """Its pid as this side names it."""
    group = os.path.join(world.load.bob.node.host.group, "system.slice", "systemd-journald.service", "cgroup.procs")
    with open(group) as file:
        return int(file.read().split()[0])


def go_on(row, world):
    load = world.load
    before, acknowledged, moment = load.bob.whole(), edited(load), time.monotonic()
    time.sleep(SECONDS[world.mode])
    row.require(edited(load) > acknowledged, "nothing was acknowledged while nobody read the log")
    pid, at = load.bob.signal("peerdb")
    row.hit("peerdb", at)
    load.bob.wait_replaced("peerdb", pid)
    load.probes.wait_after("peerdb", at)
    row.compare(before, load.bob.pids(), ("peerdb",))
    worst = max([end - start for start, end in load.stream.silences(moment, time.monotonic())], default=0.0)
    row.require(worst < 0.5, "the stream stood still for %.1f s" % worst)


def no_reader(world):
    """The reader is killed: under `up` the pipe has no other end; under systemd journald comes back."""
    load = world.load
    with trial.Trial(load, "log closed") as row:
        targets.end(world.reader.process.pid if world.under == "up" else journald(world))
        go_on(row, world)
    return row
