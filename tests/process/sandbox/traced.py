# SPDX-License-Identifier: Apache-2.0
"""Nodes whose services run under strace, and what each service asked of the kernel once its filter was in force."""
import collections, os, re, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import nodes

SECCOMP, SET_FILTER = 317, 1
EXECVE, CLONES = 59, (56, 57, 58, 435)
LINE = re.compile(r"^(\d+) +(?:\[ *(\d+)\] )?(.*)$")
PROGRAM = re.compile(r'^execve\("[^"]*/(?:covfefe-([a-z-]+)"|canary", \["[^"]*"(?:\.\.\.)?, "[a-z]+", "([a-z-]+)")')
STRACE = ["strace", "-f", "-n", "-q", "-a", "1", "-e", "raw=!execve", "-e", "signal=none"]
RESULT = re.compile(r"\) += (0x[0-9a-f]+|-?\d+)")


class TracedNode(nodes.Node):
    """`covfefe up` and its services under one strace, which writes every call with its registers as they are."""

    def up(self, wait=True):
        self.runs = getattr(self, "runs", [])
        trace = os.path.join(self.lab.directory, "%s.%d.strace" % (self.name, len(self.runs)))
        self.runs.append(trace)
        # -D: the program that is traced stays this program's child, and is what down() ends.
        self.process = self.host.start(
            STRACE + ["-D", "-o", trace, nodes.covfefe(), "up", "--root", self.root, "--jail-unknown", "enosys"],
            stdout=self.open_log(), stderr=-2)
        if wait:
            self.wait_ready(40)


def trace_twin(lab, twin, mode, service):
    """The service's twin (tests/process/canaries) confines itself, and aborts or leaves; returns the trace."""
    trace = os.path.join(lab.directory, "twin.%s.%s.strace" % (mode, service))
    nodes.run(STRACE + ["-o", trace, twin, mode, service])
    return trace


class Thread:
    """One thread of the trace: whose it is, and whether its filter is in force."""

    def __init__(self, service, pid, jailed):
        self.service, self.pid, self.jailed, self.pending = service, pid, jailed, None


def arguments_of(text):
    inside = text[text.find("(") + 1:]
    inside = inside.split(" <unfinished")[0].split(")")[0]
    try:
        return tuple(int(word, 16 if word.startswith("0x") else 10) for word in inside.split(", ") if word)
    except ValueError:
        return ()


class Trace:
    """Counts (service, call number, registers, registers that name the process itself) of one file."""

    def __init__(self, widths):
        """widths: (service, call number) to how many registers its rules test; only those are kept."""
        self.widths = widths
        self.seen = collections.Counter()
        self.ended = collections.Counter()  # (service, how)
        self.jails = collections.Counter()  # service: filters that came into force
        self.names = {}  # call number: name
        self.threads, self.early = {}, {}

    def read(self, path):
        self.threads, self.early = {}, {}
        with open(path, errors="replace") as file:
            for line in file:
                match = LINE.match(line)
                if match:
                    self._line(int(match.group(1)), match.group(2), match.group(3))

    def _line(self, tid, number, text):
        if not self.threads:
            self.threads[tid] = Thread(None, tid, False)  # the launcher
        thread = self.threads.get(tid)
        if thread is None:
            # A child's first lines may stand before its parent's clone has returned.
            self.early.setdefault(tid, []).append((number, text))
        elif text.startswith("+++"):
            self._mark(tid, thread, text)
        elif text.startswith("<..."):
            if thread.pending:
                self._returned(thread, *thread.pending, text)
        elif number and "(" in text:  # "???" is a call of one who was killed
            self._call(thread, int(number), text)

    def _mark(self, tid, thread, text):
        if thread.service and thread.pid == tid:
            self.ended[(thread.service, text.strip("+ \n"))] += 1
        del self.threads[tid]

    def _call(self, thread, number, text):
        arguments = () if number == EXECVE else arguments_of(text)
        self.names[number] = text.split("(")[0]
        if thread.jailed:
            kept = arguments[:self.widths.get((thread.service, number), 0)]
            self.seen[(thread.service, number, tuple("pid" if one == thread.pid else one for one in kept))] += 1
        if "<unfinished" in text:
            thread.pending = (number, arguments, text)
        else:
            self._returned(thread, number, arguments, text, text)

    def _returned(self, thread, number, arguments, entry, end):
        thread.pending = None
        result = RESULT.search(end)
        value = int(result.group(1), 0) if result else -1
        if number == EXECVE and value == 0:
            program = PROGRAM.match(entry)
            thread.service, thread.jailed = (program.group(1) or program.group(2), False) if program else (None, False)
        elif number == SECCOMP and arguments[:1] == (SET_FILTER,) and value == 0 and thread.service:
            thread.jailed = True
            self.jails[thread.service] += 1
        elif number in CLONES and value > 0:
            self._born(thread, value)

    def _born(self, parent, tid):
        # Behind the filter there are only threads; before it, a child is a process of its own.
        self.threads[tid] = Thread(parent.service, parent.pid if parent.jailed else tid, parent.jailed)
        for number, text in self.early.pop(tid, []):
            self._line(tid, number, text)
