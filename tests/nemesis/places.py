# SPDX-License-Identifier: Apache-2.0
"""Mounts in bob's own mount namespace: they are never seen outside and end with it."""
import contextlib, os, signal

import nodes, targets

KEEPERS = ("keystore", "peerdb")  # whose state is on the disk


def process_of(target):
    """A process in the namespace in which services are started."""
    return target.node.host.pid1 if target.under == "systemd" else target.node.process.pid


def inside(target, words, check=True):
    return nodes.run(["nsenter", "-t", str(process_of(target)), "-m", "--"] + words, check=check)


def directory(target):
    """The state directory as its own processes name it."""
    return "/var/lib/covfefe" if target.under == "systemd" else os.path.join(target.node.root, "var/lib/covfefe")


def seen(target, *below):
    """The same from here, mounts included."""
    return os.path.join("/proc/%d/root" % process_of(target), directory(target).lstrip("/"), *below)


@contextlib.contextmanager
def stopped(target, services):
    """Stops them, and kills them in the end: they start anew on what is there then."""
    pids = [target.signal(service, signal.SIGSTOP)[0] for service in services]
    try:
        yield
    finally:
        for pid in pids:
            targets.end(pid)


@contextlib.contextmanager
def small_disk(target, megabytes):
    """The state moves to a small disk for a while, as a crash would leave it, and back."""
    there, place = directory(target), "/run" if target.under == "systemd" else target.lab.directory
    below = os.path.join(place, "below-%s" % target.name)
    with stopped(target, KEEPERS):
        inside(target, ["mkdir", "-p", below])
        inside(target, ["mount", "--bind", there, below])
        inside(target, ["mount", "--make-private", below])  # else the small disk would lie on both
        inside(target, ["mount", "-t", "tmpfs", "-o", "mode=755,size=%dm" % megabytes, "small", there])
        inside(target, ["cp", "-a", below + "/.", there])
    try:
        yield
    finally:
        with stopped(target, KEEPERS):
            for service in KEEPERS:
                inside(target, ["sh", "-c", 'rm -rf "$0"/* && cp -a "$1"/. "$0"', os.path.join(below, service),
                                os.path.join(there, service)])
            inside(target, ["umount", "-l", there])
            inside(target, ["umount", "-l", below])


@contextlib.contextmanager
def no_volume(target):
    """What is seen when the volume is not mounted: an empty directory."""
    inside(target, ["mount", "-t", "tmpfs", "-o", "mode=755,size=1m", "empty", directory(target)])
    try:
        yield
    finally:
        inside(target, ["umount", "-l", directory(target)])
