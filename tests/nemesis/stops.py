# SPDX-License-Identifier: Apache-2.0
"""SIGSTOP: a process that is there and says nothing."""
import signal, time

import nodes, targets, trial

SECONDS = {"ci": (1.0, 1.5), "nightly": (1.0, 20.0)}  # shorter than the watchdog's patience
CYCLES = {"ci": 1, "nightly": 100}
QUESTION = 8.0        # seconds within which the command line gives up on a service that is silent
FLOWS_ON = 0.5        # the inner stream while a process is stopped that carries no traffic
WATCHDOG = {"ci": 6, "nightly": 30}  # seconds, of `up`; of units it is 30
CARRIERS = ("router", "shaper")


def stop(world):
    """Each process stopped for a while and continued: nobody is restarted, nobody hangs."""
    load, random = world.load, world.random
    with trial.Trial(load, "SIGSTOP, SIGCONT") as row:
        for _ in range(CYCLES[world.mode]):
            for service in nodes.SERVICES:
                before = load.bob.whole()
                pid, moment = load.bob.signal(service, signal.SIGSTOP)
                try:
                    time.sleep(random.uniform(*SECONDS[world.mode]))
                finally:
                    targets.end(pid, signal.SIGCONT)
                judge_stop(row, load, service, moment)
                row.compare(before, load.bob.pids(), ())
    return row


def judge_stop(row, load, service, moment):
    continued = time.monotonic()
    row.cycles += 1
    answered = load.probes.wait_after(service, continued) - continued
    load.stream.wait_after(load.echo.wait_after(continued, 10), 10 + 2 * (continued - moment))
    row.require(answered < 1.0, "%s answered %.1f s after it was continued" % (service, answered))
    silences = load.stream.silences(moment, continued)
    worst = max([end - max(start, moment) for start, end in silences], default=0.0)
    row.traffic.append(worst)
    if service not in CARRIERS:
        row.require(worst < FLOWS_ON, "the stream stood still for %.1f s while the %s was stopped" % (worst, service))


def question(world):
    """The command line asks a stopped service: an error in time, not a hang."""
    load = world.load
    with trial.Trial(load, "calls to a stopped service") as row:
        for service in nodes.SERVICES if world.mode == "nightly" else ("peerdb", "tun-helper"):
            pid, moment = load.bob.signal(service, signal.SIGSTOP)
            try:
                code, text = load.bob.node.try_cli("inspect", service, timeout=20)
            finally:
                targets.end(pid, signal.SIGCONT)
            took = time.monotonic() - moment
            row.cycles += 1
            row.require(code == 2 and took < QUESTION, "inspect %s ended with %d after %.1f s: %s"
                        % (service, code, took, text.strip()))
    return row


def watchdog(world):
    """Stopped and never continued: the supervisor notices and starts the process anew."""
    load = world.load
    services = nodes.SERVICES if world.mode == "nightly" else ("keystore", "peerdb", "tun-helper")
    with trial.Trial(load, "SIGSTOP until the watchdog") as row:
        before = load.bob.whole()
        start = time.monotonic()
        for service in services:
            load.bob.signal(service, signal.SIGSTOP)
            row.cycles += 1
        for service in services:
            load.bob.wait_replaced(service, before[service], 45)
        row.compare(before, load.bob.whole(), services)
        silences = load.stream.silences(start, time.monotonic())
        row.traffic = [max([end - max(begin, start) for begin, end in silences], default=0.0)]
        if not set(services) & set(CARRIERS):
            row.require(row.traffic[0] < FLOWS_ON, "the stream stood still for %.1f s" % row.traffic[0])
    return row
