# SPDX-License-Identifier: Apache-2.0
"""Faults below one process (tests/process/faults): programs that say what they found, a JSON line each."""
import glob, json, os, subprocess, sys

import nodes

HERE = os.path.dirname(os.path.abspath(__file__))


class Reported:
    """A row of the table that another program measured."""

    def __init__(self, line):
        self.line, self.name, self.note = line, line["fault"], line.get("note", "")
        self.shorts = [] if line["verdict"] == "ok" else [line.get("note") or "see its output"]

    def row(self):
        return (self.name,) + tuple(str(self.line.get(key, "-")) for key in ("cycles", "acked", "lost", "integrity")) + (
            "-", "-", "-", self.line["verdict"])


def commands(mode, seed):
    more = ["--seed", str(seed)] + (["--all"] if mode == "nightly" else [])
    for path in sorted(glob.glob(os.path.join(nodes.BUILD, "tests", "process", "faults", "faults_*"))):
        if os.path.isfile(path) and os.access(path, os.X_OK):
            yield [path] + more
    for path in sorted(glob.glob(os.path.join(HERE, "..", "process", "faults", "*_faults_test.py"))):
        yield [sys.executable, path] + more


def run(mode, seed):
    """Rows of all of them; one that fails without a word gets a row that says so."""
    rows = []
    for command in commands(mode, seed):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = [Reported(json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode != 0 and not any(row.shorts for row in found):
            words = "%s ended with %d: %s" % (os.path.basename(command[0]), done.returncode, done.stdout[-300:])
            found.append(Reported({"fault": os.path.basename(command[-1]), "verdict": "short", "note": words}))
        rows += found
    return rows
