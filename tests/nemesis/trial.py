# SPDX-License-Identifier: Apache-2.0
"""One fault under load: what is counted, what is required, one row of the table."""
import os, statistics, time

import flows, nodes

RPC_P50 = 0.100         # seconds, after a kill, on a machine that is free; see allowed()
RESUMES = 1.0           # the inner stream, after the router's kill
EDITS = 6.0             # seconds, after a fault: one call may have to time out first
STUCK = 30.0
LEAST_SILENCE = 0.025   # what the probe counts as one

HEAD = ("fault", "cycles", "acked", "lost", "integrity", "others restarted", "RPC outage p50/max ms",
        "traffic gap p50/max ms", "verdict")


def runnable():
    """Tasks that run or wait for a core in this moment, our own load included."""
    with open("/proc/loadavg") as file:
        return int(file.read().split()[3].split("/")[0])


def milliseconds(values):
    if not values:
        return "-"
    return "%.0f / %.0f" % (statistics.median(values) * 1000, max(values) * 1000)


class Trial:
    """Use as a context: what is acknowledged, lost or restarted inside counts."""

    def __init__(self, load, name):
        self.load, self.name = load, name
        self.cycles, self.restarted, self.shorts, self.note = 0, 0, [], ""
        self.hits, self.rpc, self.traffic, self.queues = [], [], [], []
        self.watched = "stream"  # whose silences are reported

    def __enter__(self):
        self.load.wait_quiet()
        history = self.load.operator.history
        history.advance()
        self.start = time.monotonic()
        self.before = history.acknowledged, len(history.lost), self.load.bob.damage()
        self.alice_before = self.load.alice.pids()
        return self

    def hit(self, service, moment):
        """A cycle: `service` was hit at `moment`; None: no service in particular."""
        self.cycles += 1
        self.hits.append((service, moment))
        self.queues.append(runnable())

    def hit_all(self, moment):
        """A cycle: all of them."""
        self.cycles += 1
        self.hits += [(service, moment) for service in nodes.SERVICES]
        self.queues.append(runnable())

    def compare(self, before, after, hit):
        """Processes of bob that were not hit must be the same as before."""
        for service in nodes.SERVICES:
            if service not in hit and before.get(service) != after.get(service):
                self.restarted += 1
                print("  %s: %s was restarted, too" % (self.name, service), flush=True)

    def require(self, holds, sentence):
        if not holds:
            self.shorts.append(sentence)

    def __exit__(self, kind, value, trace):
        if kind is not None:
            return False
        self.load.wait_quiet()
        self._require_edits()
        self.load.operator.ask("check")
        self._measure()
        history = self.load.operator.history
        self.acked = history.acknowledged - self.before[0]
        self.lost = len(history.lost) - self.before[1]
        self.integrity = self.load.bob.damage() - self.before[2] + self.load.crash_image_faults()
        self._judge(history)
        return False

    def _require_edits(self):
        """Afterwards new callers are served: a change goes through."""
        history, start = self.load.operator.history, time.monotonic()
        history.advance()
        before = history.acknowledged
        while history.acknowledged == before and time.monotonic() < start + STUCK:
            time.sleep(0.02)
            history.advance()
        took = time.monotonic() - start
        self.require(took < EDITS, "for %.1f s afterwards no change was acknowledged: %s" % (
            took, self.load.operator.said(2).strip()))

    def _measure(self):
        for service, moment in self.hits:
            if service is not None:
                self.rpc += self._outage(service, moment)
            silences = getattr(self.load, self.watched).silences(moment - flows.QUIET, moment + 1.5)
            self.traffic.append(max([end - max(start, moment) for start, end in silences], default=flows.QUIET))

    def _outage(self, service, moment):
        """One figure for each silence: a second hit within it prolongs it."""
        for start, end in self.load.probes.silences(service, moment, moment):
            first = min([at for one, at in self.hits if one == service and start <= at <= end], default=moment)
            return [end - moment] if first == moment else []
        return [LEAST_SILENCE]

    def _judge(self, history):
        for sentence in history.lost[self.before[1]:]:
            print("  LOST %s" % sentence, flush=True)
        changed = [s for s, pid in self.alice_before.items() if self.load.alice.pids().get(s) != pid]
        self.restarted += len(changed)
        self.require(not self.lost, "%d acknowledged operations are lost" % self.lost)
        self.require(not self.integrity, "%d integrity failures" % self.integrity)
        self.require(not self.restarted, "%d processes that were not hit were restarted" % self.restarted)
        self.require(not self.load.broken(), self.load.broken())

    def allowed(self):
        """Where others use the cores, too, a start takes its time as many times as tasks share a core."""
        return RPC_P50 * max(1.0, statistics.median(self.queues) / os.cpu_count())

    def busy(self):
        """What is allowed on top of other bounds then: TCP waits at most as long again as the outage was."""
        return 2 * (self.allowed() - RPC_P50)

    def require_kill_bounds(self):
        """After the context: what is asked of a process that was killed."""
        if self.rpc:
            p50, most = statistics.median(self.rpc), self.allowed()
            self.require(p50 <= most, "RPC outage p50 is %.0f ms, %.0f are allowed" % (p50 * 1000, most * 1000))
            if p50 > RPC_P50:
                short = "short of its goal: RPC outage p50 is %.0f ms, wanted %.0f" % (p50 * 1000, RPC_P50 * 1000)
                self.note = "; ".join(filter(None, (self.note, short)))

    def row(self):
        return (self.name, str(self.cycles), str(self.acked), str(self.lost), str(self.integrity), str(self.restarted),
                milliseconds(self.rpc), milliseconds(self.traffic), "short" if self.shorts or "short" in self.note else "ok")


def print_table(rows):
    cells = [HEAD] + [row.row() for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    for line in cells:
        print("  ".join(cell.ljust(width) if i in (0, len(HEAD) - 1) else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(line, widths))).rstrip())
    for row in rows:
        if row.note:
            print("%s: %s" % (row.name, row.note))
