# SPDX-License-Identifier: Apache-2.0
"""The load under which everything fails: an operator, probes of every service, echoes and a stream."""
import os, shutil, sqlite3, subprocess, signal, time

import flows, history, nodes, targets

HELPERS = os.path.join(os.environ.get("COVFEFE_NEMESIS", nodes.BUILD), "tests", "nemesis")
PROBE_PAUSE = 10  # ms
EDIT_PAUSE = 15


class Probes:
    """Silences of each service, as callers see them."""

    def __init__(self, lab, target):
        self.path = os.path.join(lab.directory, "probes")
        self.process = subprocess.Popen([os.path.join(HELPERS, "nemesis_probe"), target.client_root(), self.path,
                                         str(PROBE_PAUSE)], stdin=subprocess.PIPE)
        lab.processes.append(self.process)
        self.offset = 0
        self.gaps = {service: [] for service in nodes.SERVICES}
        self.last = {service: 0.0 for service in nodes.SERVICES}

    def advance(self):
        if self.process.poll() is not None:
            raise RuntimeError("the probe ended")
        with open(self.path) as file:
            file.seek(self.offset)
            text = file.read()
        whole = text[:text.rfind("\n") + 1]
        self.offset += len(whole)
        for line in whole.splitlines():
            service, start, end = line.split()
            if end != start:
                self.gaps[service].append((float(start), float(end)))
            self.last[service] = max(self.last[service], float(end))

    def wait_after(self, service, moment, seconds=10):
        """Until the service has answered a call made after `moment`; returns when the silence ended."""
        def answered():
            self.advance()
            # An answer a moment after may still be of a call from before.
            return self.last[service] > moment + 0.001
        nodes.wait_for("the %s to answer" % service, seconds, answered, pause=0.004)
        return min([end for start, end in self.gaps[service] if start <= moment < end], default=moment)

    def silences(self, service, start, end):
        self.advance()
        return [gap for gap in self.gaps[service] if gap[1] >= start and gap[0] <= end]


class Operator:
    """The editor of friends, and the checker of its journal."""

    def __init__(self, lab, target, seed):
        self.journal = os.path.join(lab.directory, "journal")
        cards = os.path.join(lab.directory, "cards")
        os.makedirs(cards, exist_ok=True)
        self.process = subprocess.Popen(
            [os.path.join(HELPERS, "nemesis_edit"), target.client_root(), self.journal, cards, str(seed),
             str(EDIT_PAUSE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        lab.processes.append(self.process)
        nodes.wait_for("the journal", 10, lambda: os.path.exists(self.journal))
        self.history = history.History(self.journal)

    def ask(self, word):
        """«check» or «honour»: done when it returns."""
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != "done":
            raise RuntimeError("the operator ended: %s" % self.said())
        self.history.advance()

    def said(self, lines=10):
        with open(self.journal + ".said", errors="replace") as file:
            return "".join(file.readlines()[-lines:])

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.history.advance()


class Load:
    """Alice, who watches; bob, who is hit; and what goes on between them all the time."""

    def __init__(self, lab, alice, bob, seed):
        self.lab, self.alice, self.bob = lab, alice, bob
        alice.node.reaches(bob.node, 20)
        self.echo = flows.echo(alice.node, bob.node)
        self.stream = flows.stream(alice.node, bob.node)
        self.probes = Probes(lab, bob)
        self.operator = Operator(lab, bob, seed)
        for flow in (self.echo, self.stream):
            flow.wait_after(time.monotonic(), 10)
        self.wait_quiet()

    def wait_quiet(self, seconds=15):
        """Until every service answers and both flows flow."""
        moment = time.monotonic()
        for service in nodes.SERVICES:
            self.probes.wait_after(service, moment, seconds)
        self.echo.wait_after(moment, seconds)
        # TCP doubled its pause while it stood still and may wait as long again.
        self.stream.wait_after(moment, seconds + 2 * max(0.0, moment - self.stream.state()[0]))

    def broken(self):
        """What must never happen to the load itself."""
        if not (self.echo.alive() and self.stream.alive()):
            return "a flow ended"
        if self.stream.state()[2]:
            return "%d bytes of the stream were altered" % self.stream.state()[2]
        return ""

    def crash_image_faults(self):
        """The database as a crash at this moment would leave it: does it pass its check? Returns 0 or 1."""
        pid, _ = self.bob.signal("peerdb", signal.SIGSTOP)
        try:
            directory = os.path.join(self.lab.directory, "image")
            shutil.rmtree(directory, ignore_errors=True)
            os.makedirs(directory)
            for name in ("peers.db", "peers.db-wal"):
                if os.path.exists(self.bob.state("peerdb", name)):
                    shutil.copy(self.bob.state("peerdb", name), directory)
        finally:
            targets.end(pid, signal.SIGCONT)
        return check_database(os.path.join(directory, "peers.db"))


def check_database(path):
    """0 if SQLite finds no fault."""
    with sqlite3.connect(path) as database:
        verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        print("  %s: %s" % (path, verdict), flush=True)
    return 0 if verdict == "ok" else 1
