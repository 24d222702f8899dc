# SPDX-License-Identifier: Apache-2.0
"""No descriptors left, and callers by the hundred."""
import os, socket, time

import nodes, trial

SECONDS = {"ci": 2.0, "nightly": 60.0}
CALLERS = 250            # on each operator socket
BUSY = 0.5               # of a core, while there is nothing to be had
JAILED = ("keystore", "peerdb", "router", "shaper")


def first_free(pid):
    """The lowest number that the process has no descriptor of."""
    used = {int(name) for name in os.listdir("/proc/%d/fd" % pid)}
    return next(number for number in range(1 << 20) if number not in used)


def limit(pid, soft):
    """Sets the soft limit, in the name of the process's own user: not every machine lets root do it."""
    with open("/proc/%d/status" % pid) as file:
        own = {line.split(":")[0]: line.split()[1] for line in file if line.startswith(("Uid", "Gid"))}
    nodes.run(["setpriv", "--reuid", own["Uid"], "--regid", own["Gid"], "--clear-groups",
               "prlimit", "--pid", str(pid), "--nofile=%s:" % soft])


def soft_limit(pid):
    with open("/proc/%d/limits" % pid) as file:
        return next(line.split()[3] for line in file if line.startswith("Max open files"))


def alive(pid):
    return os.path.exists("/proc/%d" % pid)


def processor_time(pid):
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(world):
    """Each service may open nothing more for a while: it does not spin, and then goes on. Only the peer database may
    end: when its copy is due and cannot be opened, it does not go on as if it had one."""
    load, seconds = world.load, SECONDS[world.mode]
    with trial.Trial(load, "no file descriptors left") as row:
        before = load.bob.whole()
        old = {}
        for service in JAILED:
            pid = before[service]
            old[pid] = soft_limit(pid)
            limit(pid, first_free(pid))
            row.cycles += 1
        spent = {pid: processor_time(pid) for pid in old}
        moment = time.monotonic()
        callers = [caller for service in JAILED for caller in connect(load, service, 3)]
        time.sleep(seconds)
        judge_idle(row, spent, seconds)
        for pid, soft in old.items():
            if alive(pid):
                limit(pid, soft)
        for caller in callers:
            caller.close()
        row.compare(before, load.bob.whole(), ("peerdb",))
        row.traffic = silences_since(load, moment)
    return row


def judge_idle(row, spent, seconds):
    for pid, before in spent.items():
        if not alive(pid):
            continue
        share = (processor_time(pid) - before) / seconds
        row.require(share <= BUSY, "a process without descriptors used %.0f %% of a core" % (share * 100))


def silences_since(load, moment):
    return [max([end - max(start, moment) for start, end in load.stream.silences(moment, time.monotonic())], default=0.0)]


def connect(load, service, count):
    """That many connections to the operator's socket."""
    path = os.path.join(load.bob.client_root(), "run/covfefe/%s.operator.sock" % service)
    callers = []
    for _ in range(count):
        caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        caller.setblocking(False)
        try:
            caller.connect(path)
        except BlockingIOError:
            pass  # the queue of the listener is full
        callers.append(caller)
    return callers


def flood(world):
    """Hundreds of callers who say nothing, and then garbage: the others are served, and it passes."""
    load = world.load
    with trial.Trial(load, "flood of callers") as row:
        before = load.bob.whole()
        moment = time.monotonic()
        callers = [caller for service in nodes.SERVICES for caller in connect(load, service, CALLERS)]
        row.cycles += len(callers)
        spent = {pid: processor_time(pid) for pid in before.values()}
        time.sleep(SECONDS[world.mode] / 2)
        for caller in callers:
            try:
                caller.send(world.random.randbytes(64))
            except OSError:
                pass
        time.sleep(SECONDS[world.mode] / 2)
        judge_idle(row, spent, SECONDS[world.mode])
        for caller in callers:
            caller.close()
        row.compare(before, load.bob.pids(), ())
        row.traffic = silences_since(load, moment)
        row.require(row.traffic[0] < 0.5, "the stream stood still for %.1f s" % row.traffic[0])
    return row
