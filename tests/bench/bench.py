# SPDX-License-Identifier: Apache-2.0
"""What the benches share: counts of the kernel for processes, rows with goals, one table."""
import argparse, json, os, shutil, statistics, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import nodes

PORT = 5201  # of iperf3
COLUMNS = ("metric", "ours", "peer", "ratio", "goal", "")


class Report:
    """Rows of (metric, ours, peer, ratio, goal, verdict). A figure without a goal has no verdict."""

    def __init__(self):
        self.rows = []

    def add(self, metric, ours, unit, peer=None, at_most=None, at_least=None, of="ours"):
        """at_most and at_least bound ours, or with of='ratio' ours divided by peer."""
        ratio = ours / peer if peer else None
        judged = ratio if of == "ratio" else ours
        goal, verdict = "", ""
        if at_most is not None:
            goal, verdict = "≤ %g" % at_most, "ok" if judged is not None and judged <= at_most else "short"
        if at_least is not None:
            goal, verdict = "≥ %g" % at_least, "ok" if judged is not None and judged >= at_least else "short"
        if goal:
            goal += "×" if of == "ratio" else " " + unit
        self.rows.append([metric, figure(ours, unit), figure(peer, unit), "%.2f×" % ratio if ratio else "", goal, verdict])

    def print(self):
        table = [list(COLUMNS)] + self.rows
        widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
        for row in table:
            cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:5], widths[1:5])] + [row[5]]
            print("  ".join(cells).rstrip())
        sys.stdout.flush()


def figure(value, unit):
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return ("%.*f %s" % (digits, value, unit)).strip()


def median(values):
    return statistics.median(values)


def install(*packages):
    """From Debian, what is missing of them; packages that bring services do not start them."""
    script = os.path.join(nodes.TOP, "tests", "support", "setup.sh")
    if subprocess.call(["sh", "-c", '. "$0"; install_missing "$@"', script, *packages]) != 0:
        sys.exit("could not be installed: " + ", ".join(packages))


def need(*programs):
    """Ends the program where something is missing, and says what."""
    if os.geteuid() != 0:
        sys.exit("benches need root: they make network namespaces")
    missing = [program for program in programs if not shutil.which(program)]
    if not os.path.exists(nodes.covfefe()):
        missing.append(nodes.covfefe() + " (build first, or name a build directory in COVFEFE_BUILD)")
    if not os.path.exists("/dev/net/tun"):
        missing.append("/dev/net/tun")
    if missing:
        sys.exit("missing: " + ", ".join(missing))


def arguments(text, **options):
    """The command line: each option is an integer with a default; --json FILE keeps the rows."""
    parser = argparse.ArgumentParser(description=text)
    for name, (default, what) in options.items():
        parser.add_argument("--" + name, type=int, default=default, help="%s (default %d)" % (what, default))
    parser.add_argument("--json", metavar="FILE", help="write the rows there too")
    return parser.parse_args()


def finish(report, chosen):
    print()
    report.print()
    if chosen.json:
        with open(chosen.json, "w") as file:
            json.dump(report.rows, file)


# ---- processes ---------------------------------------------------------------------------------
def cpu_seconds(pid):
    """User and system time of all threads of a live process."""
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    exact = 0
    try:
        for thread in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, thread)) as file:
                exact += int(file.read().split()[0])
    except OSError:  # a kernel without SCHED_INFO: hundredths of a second
        return ticks
    return exact / 1e9


def switches(pid):
    """Voluntary context switches of all threads: how often the process went to sleep."""
    total = 0
    for thread in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, thread)) as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches"))
    return total


def memory(pid):
    """VmRSS and its parts, in MiB."""
    out = {}
    with open("/proc/%d/status" % pid) as file:
        for line in file:
            key = line.split(":")[0]
            if key in ("VmRSS", "RssAnon", "RssFile", "RssShmem"):
                out[key] = int(line.split()[1]) / 1024
    return out


def machine_load():
    """Runnable processes of the whole machine, averaged over a minute: a busy machine measures itself."""
    return os.getloadavg()[0]


def introduce(what):
    print("%s  (%s; %d CPUs, load %.1f before)" % (what, os.uname().release, os.cpu_count(), machine_load()), flush=True)


def tcp(hosts, address, seconds, congestion="cubic"):
    """What iperf3's stream from the first host to the address of the second brought: bits a second, bytes."""
    near, far = hosts
    server = far.start(["iperf3", "-s", "-1", "-p", str(PORT)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    nodes.wait_for("iperf3 to listen", 10, lambda: ":%d " % PORT in far.run(["ss", "-Htln"]))
    text = near.run(["iperf3", "-c", address, "-p", str(PORT), "-t", str(seconds), "-C", congestion, "-J"],
                    timeout=seconds + 30)
    server.wait(10)
    received = json.loads(text)["end"]["sum_received"]
    return received["bits_per_second"], received["bytes"]


def friends(lab):
    """alice and bob, up, and each reaches the other."""
    alice, bob = lab.pair()
    alice.reaches(bob, 20)
    bob.reaches(alice, 20)
    return alice, bob
