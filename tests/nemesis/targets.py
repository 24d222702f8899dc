# SPDX-License-Identifier: Apache-2.0
"""The node that is hit, under `covfefe up` or under systemd: its processes, its log, its files."""
import json, os, select, signal, time

import nodes
import systemd

COMMS = {("covfefe-" + service)[:15]: service for service in nodes.SERVICES}
ALL = tuple(nodes.SERVICES)
# What a service says when its own check at the start found the data damaged.
DAMAGE = ("database-restored-from-backup", "database-corrupt-and-no-backup", "key-file-refused", "database-refused")


def end(pid, number=signal.SIGKILL):
    """Through a descriptor of the process: its number cannot have become somebody else's in between."""
    if pid <= 1:
        raise RuntimeError("refusing pid %d" % pid)
    descriptor = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(descriptor, number)
    finally:
        os.close(descriptor)


class Target:
    """What both kinds have in common."""

    def __init__(self, node):
        self.node, self.name, self.lab = node, node.name, node.lab

    def whole(self):
        """All pids, once all five services run."""
        def all_there():
            pids = self.pids()
            return pids if all(pids.get(service) for service in ALL) else None
        return nodes.wait_for("all services of %s to run\n%s" % (self.name, self.node.tail(15)), 20, all_there, 0.005)

    def signal(self, service, number=signal.SIGKILL):
        """Returns (pid, moment)."""
        pid = self.whole()[service]
        moment = time.monotonic()
        end(pid, number)
        return pid, moment

    @staticmethod
    def signal_pid(pid):
        end(pid)

    def wait_replaced(self, service, pid, seconds=10):
        return nodes.wait_for("%s of %s to be replaced" % (service, self.name), seconds, lambda: (
            lambda now: now if now and now != pid else None)(self.pids().get(service)), pause=0.004)

    def damage(self):
        """How often a service said that its data was damaged."""
        text = self.log()
        return sum(text.count(word) for word in DAMAGE)

    def state(self, *below):
        """A path in the state directory, as the runner sees it."""
        return os.path.join(self.state_directory(), *below)

    def status(self):
        return self.node.json("status", check=False)


class Up(Target):
    under = "up"

    def client_root(self):
        return self.node.root

    def pids(self):
        launcher = self.node.process.pid
        found = {}
        try:
            with open("/proc/%d/task/%d/children" % (launcher, launcher)) as file:
                children = file.read().split()
        except OSError:
            return found
        for child in children:
            try:
                with open("/proc/%s/comm" % child) as file:
                    service = COMMS.get(file.read().strip())
            except OSError:
                continue
            # Between fork and exec a child still has the launcher's name.
            if service and int(child) > 1:
                found[service] = int(child)
        return found

    def log(self):
        with open(self.node.log, errors="replace") as file:
            return file.read()

    def state_directory(self):
        return os.path.join(self.node.root, "var/lib/covfefe")


class Systemd(Target):
    under = "systemd"

    def client_root(self):
        return "/proc/%d/root" % self.node.host.pid1

    def pids(self):
        """A forked child that has not yet become its service is not counted."""
        found = {}
        for service, pid in self.node.pids().items():
            try:
                with open("/proc/%d/comm" % pid) as file:
                    if pid > 1 and COMMS.get(file.read().strip()) == service:
                        found[service] = pid
            except OSError:
                continue
        return found

    def log(self):
        return self.node.host.journal(lines=1_000_000)

    def state_directory(self):
        return os.path.join(self.client_root(), "var/lib/covfefe")


def wait_gone(pid, seconds):
    """Until the process has ended; True if it did in time."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)
